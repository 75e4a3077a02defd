"""The Rasa side of PAL: YAML, a few Rasa components and the launcher. No model code here."""
