"""Signing in by an outside provider of identities: OpenID Connect Core 1.0, code flow with PKCE."""
