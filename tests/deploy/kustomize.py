"""What `kubectl kustomize` makes of deploy/kubernetes, as far as these files go: no cluster, no binary.

See https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/. A key that is not known
here is refused, so that none goes unchecked.
"""

from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]

_KEYS = {"apiVersion", "kind", "resources", "configMapGenerator", "patches"}


def render(folder: Path) -> list[Document]:
    """The manifests of a folder with a kustomization.yaml; ConfigMaps keep their names, without a hash."""
    kustomization = _documents(folder / "kustomization.yaml")[0]
    assert kustomization.keys() <= _KEYS, kustomization.keys()
    rendered: list[Document] = []
    for name in kustomization["resources"]:
        path = (folder / name).resolve()
        rendered += render(path) if path.is_dir() else _documents(path)
    for generator in kustomization.get("configMapGenerator", []):
        _generate(folder, generator, rendered)
    for patch in kustomization.get("patches", []):
        _patch(folder, patch, rendered)
    return rendered


def files_of(folder: Path) -> set[Path]:
    """Every file that a kustomization.yaml names, and itself."""
    kustomization = _documents(folder / "kustomization.yaml")[0]
    generated = [name for one in kustomization.get("configMapGenerator", []) for name in one["files"]]
    patches = [patch["path"] for patch in kustomization.get("patches", [])]
    named = [*kustomization["resources"], *generated, *patches, "kustomization.yaml"]
    return {folder / name for name in named if (folder / name).is_file()}


def _documents(path: Path) -> list[Document]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def _generate(folder: Path, generator: Document, rendered: list[Document]) -> None:
    assert generator.keys() <= {"name", "files", "behavior"}
    data = {name: (folder / name).read_text(encoding="utf-8") for name in generator["files"]}
    if generator.get("behavior") == "merge":
        _find(rendered, "ConfigMap", generator["name"])["data"] |= data
        return
    metadata = {"name": generator["name"]}
    rendered.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def _patch(folder: Path, patch: Document, rendered: list[Document]) -> None:
    said = yaml.safe_load((folder / patch["path"]).read_text(encoding="utf-8"))
    if "target" not in patch:
        assert said.keys() == {"$patch", "apiVersion", "kind", "metadata"}
        assert said["$patch"] == "delete"
        rendered.remove(_find(rendered, said["kind"], said["metadata"]["name"]))
        return
    target = _find(rendered, patch["target"]["kind"], patch["target"]["name"])
    for operation in said:
        _apply(target, operation)


def _find(rendered: list[Document], kind: str, name: str) -> Document:
    [found] = [one for one in rendered if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


def _apply(document: Any, operation: Document) -> None:
    """One operation of a JSON patch (RFC 6902)."""
    *way, last = [int(step) if step.isdigit() else step for step in operation["path"][1:].split("/")]
    for step in way:
        document = document[step]
    match operation["op"]:
        case "test":
            assert document[last] == operation["value"], operation
        case "remove":
            del document[last]
        case "replace":
            assert document[last] is not None
            document[last] = operation["value"]
        case "add":
            assert isinstance(last, str), "into a list it would be an insertion"
            document[last] = operation["value"]
        case other:
            raise AssertionError(f"operation {other} is not known here")
