"""Payment through Stripe: an already finalised invoice in whole won, nothing rated there."""
