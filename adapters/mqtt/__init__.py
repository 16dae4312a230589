"""Minutes of packs from an MQTT broker; off unless one is named."""
