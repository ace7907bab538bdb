"""alertmanager.yml to ``router.yaml`` and a rule file, with all that could not be carried over."""

from router.config.alertmanager.imported import Imported, import_file

__all__ = ["Imported", "import_file"]
