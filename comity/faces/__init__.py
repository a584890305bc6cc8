"""How people and programs reach a bureau: thin, without a rule and without SQL (house rule of ARCHITECTURE.md)."""
