"""Rasa components, named in config.yml, endpoints.yml and credentials/."""
