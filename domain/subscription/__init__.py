"""Plans, contracts, promised capacity and the packs that keep the promise."""
