// The one script of our pages: passes a passkey between the browser and a form. Everything else works without it.
(() => {
  "use strict";
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");

  const wanted = (json) => {
    const options = JSON.parse(json);
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const list of ["allowCredentials", "excludeCredentials"])
      for (const one of options[list] || []) one.id = bytes(one.id);
    return options;
  };

  const given = (credential) => {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (credential.response[part]) response[part] = text(credential.response[part]);
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response,
      clientExtensionResults: {},
    });
  };

  const begin = async (form) => {
    if (form.dataset.options) return { ticket: form.elements.ticket.value, options: form.dataset.options };
    const answer = await fetch(form.dataset.challenge, { method: "POST", credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };

  const run = async (form) => {
    const step = await begin(form);
    const publicKey = wanted(step.options);
    const credential =
      form.dataset.passkey === "create"
        ? await navigator.credentials.create({ publicKey })
        : await navigator.credentials.get({ publicKey });
    form.elements.ticket.value = step.ticket;
    form.elements.answer.value = given(credential);
    form.submit();
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) continue;
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const failed = form.querySelector("[data-failed]");
      failed.hidden = true;
      run(form).catch(() => {
        failed.hidden = false;
      });
    });
  }
})();
