"""Views of an experiment's runs that people saved for their team."""
