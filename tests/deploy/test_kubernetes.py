"""The manifests: valid, safe, and with a configuration that has no fault."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from router.version import __version__
from tests.acceptance.harness import ROOT
from tests.cli.running import run
from tests.deploy.kustomize import Document, files_of, render

KUBERNETES = ROOT / "deploy" / "kubernetes"
FOLDERS = ["base", "overlays/postgresql", "overlays/sidecar"]
#: The version of Kubernetes by whose JSON Schemas the manifests are judged.
VERSION = "1.33.0"

every_folder = pytest.mark.parametrize("folder", FOLDERS)


def of_kind(kind: str, folder: str) -> list[Document]:
    """The rendered manifests of one kind."""
    return [one for one in render(KUBERNETES / folder) if one["kind"] == kind]


def pod(folder: str) -> Any:
    """The one Deployment's Pod."""
    [deployment] = of_kind("Deployment", folder)
    return deployment["spec"]["template"]["spec"]


def containers(folder: str) -> list[Any]:
    """Every container of it, those that start first included."""
    return [*pod(folder).get("initContainers", []), *pod(folder)["containers"]]


def router(folder: str) -> Any:
    """The router's own container."""
    [ours] = [one for one in containers(folder) if one["name"] == "alert-router"]
    return ours


@every_folder
def test_every_manifest_is_valid(folder: str) -> None:
    """By the JSON Schemas of Kubernetes, in which no unknown key is taken."""
    schemas: Any = importlib.import_module("kubernetes_validate")
    for manifest in render(KUBERNETES / folder):
        schemas.validate(manifest, VERSION, strict=True)


def test_a_manifest_with_a_slip_is_not_valid() -> None:
    """The schemas do judge: a key that is spelt wrong is found."""
    schemas: Any = importlib.import_module("kubernetes_validate")
    [deployment] = of_kind("Deployment", "base")
    deployment["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(schemas.ValidationError, match="livenesProbe"):
        schemas.validate(deployment, VERSION, strict=True)


def test_every_file_is_part_of_something() -> None:
    """Each folder is tested here, and no file stands in one that its kustomization does not name."""
    standing = {path for path in KUBERNETES.rglob("*") if path.is_file()}
    assert standing == {path for folder in FOLDERS for path in files_of(KUBERNETES / folder)}


@every_folder
def test_the_configuration_has_no_fault(folder: str, tmp_path: Path) -> None:
    """As the container sees it: what the ConfigMap holds, and a Secret with its keys."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name, value in {
        "token": "a-token-of-some-length",
        "oncall-url": "json://127.0.0.1:9/",
        "store-url": "postgresql://router@database/router",
    }.items():
        (secrets / name).write_text(value, encoding="utf-8")
    [config] = of_kind("ConfigMap", folder)
    for name, text in config["data"].items():
        there = text.replace("/run/secrets/alert-router", str(secrets))
        (tmp_path / name).write_text(there, encoding="utf-8")
    checked = run("check", str(tmp_path / "router.yaml"))
    assert (checked.status, checked.out) == (0, "No fault found.\n")


@every_folder
def test_pods_keep_to_the_restricted_standard(folder: str) -> None:
    """The Pod Security Standard `restricted` of Kubernetes, and a root that is read-only."""
    asked = pod(folder)["securityContext"]
    assert (asked["runAsNonRoot"], asked["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
    for container in containers(folder):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@every_folder
def test_what_is_mounted_is_there(folder: str) -> None:
    """Each mount has its volume and each volume its mount; claims and ConfigMaps are part of the folder."""
    volumes = {one["name"]: one for one in pod(folder)["volumes"]}
    assert {mount["name"] for mount in router(folder)["volumeMounts"]} == volumes.keys()
    [config] = of_kind("ConfigMap", folder)
    assert volumes["config"]["configMap"]["name"] == config["metadata"]["name"]
    claimed = [
        one["persistentVolumeClaim"]["claimName"]
        for one in volumes.values()
        if "persistentVolumeClaim" in one
    ]
    assert claimed == [one["metadata"]["name"] for one in of_kind("PersistentVolumeClaim", folder)]


@every_folder
def test_only_one_router_runs_on_a_volume(folder: str) -> None:
    """Where the state is a SQLite file the old Pod ends first; only PostgreSQL has several routers."""
    [deployment] = of_kind("Deployment", folder)
    spec = deployment["spec"]
    shared = not of_kind("PersistentVolumeClaim", folder)
    assert (spec["replicas"] > 1, spec["strategy"]["type"]) == (
        shared,
        "RollingUpdate" if shared else "Recreate",
    )
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] == 30


@every_folder
def test_probes_go_where_the_router_listens(folder: str) -> None:
    """Over the network where it listens there; from inside where it listens on loopback."""
    [config] = of_kind("ConfigMap", folder)
    probes = [router(folder)[name] for name in ("startupProbe", "livenessProbe")]
    if '"127.0.0.1:8080"' in config["data"]["router.yaml"]:
        assert all("127.0.0.1:8080/healthz" in probe["exec"]["command"][-1] for probe in probes)
        return
    assert '"0.0.0.0:8080"' in config["data"]["router.yaml"]
    assert [probe["httpGet"] for probe in probes] == [{"path": "/healthz", "port": "http"}] * 2
    assert router(folder)["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert router(folder)["ports"] == [{"name": "http", "containerPort": 8080}]


@every_folder
def test_a_large_store_can_be_changed_before_it_lives(folder: str) -> None:
    """Half an hour: the kubelet would end a migration, and the next start begin it anew, for ever."""
    probe = router(folder)["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == 1800


@every_folder
def test_the_image_is_of_this_version(folder: str) -> None:
    """A new version turns this red until the manifests name it."""
    assert router(folder)["image"] == f"alert-router:{__version__}"


@pytest.mark.parametrize("folder", ["base", "overlays/postgresql"])
def test_selectors_find_the_pods(folder: str) -> None:
    """The Deployment, its Service and its disruption budget mean the same Pods."""
    [deployment], [service] = of_kind("Deployment", folder), of_kind("Service", folder)
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    budgets = [one["spec"]["selector"] for one in of_kind("PodDisruptionBudget", folder)]
    assert [deployment["spec"]["selector"], *budgets] == [{"matchLabels": labels}] * (1 + len(budgets))
    assert service["spec"]["selector"] == labels
    assert len(budgets) == (folder != "base")
