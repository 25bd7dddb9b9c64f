"""The Helm chart, rendered for several sets of values, and the systemd units, held to their
official validators where those are installed, and to our own specifications."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from shopkeeper import services
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.settings import REFERENCE

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy/helm/shopkeeper"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
SETS = sorted(path.stem for path in (CHART / "ci").glob("*.yaml"))
SYSTEMD = ROOT / "deploy/systemd"
TOOLS = ROOT / ".venv-deploy/bin"
# The oldest that Chart.yaml names, and the newest that the validator knows.
KUBERNETES = ("1.27.0", "1.34.0", "1.37.0")
OTHERS_KINDS = {"ScaledObject", "ServiceMonitor"}  # of KEDA and of Prometheus's operator


def tool(name):
    """A program of .venv-deploy's, or one that is installed; its Python only from there."""
    found = TOOLS / name if (TOOLS / name).exists() else shutil.which(name)
    if found is None or (name == "python" and not TOOLS.exists()):
        pytest.skip(f"{name} is not installed (docs/kubernetes.md)")
    return str(found)


def helm(what, values="-"):
    """`helm template` or `helm lint --strict` of the chart with one set of values; `-`: none. By
    the program where it is installed, else by Helm's own packages as a library."""
    file = str(CHART / "ci" / f"{values}.yaml") if values != "-" else "-"
    if (program := shutil.which("helm")) is not None:
        options = [] if values == "-" else ["-f", file]
        named = ["lint", "--strict"] if what == "lint" else ["template", "shop"]
        command = [program, *named, str(CHART), *options, "--kube-version", KUBERNETES[-1]]
    else:
        sdk = str(Path(__file__).with_name("helm_sdk.py"))
        command = [tool("python"), sdk, what, "shop", str(CHART), file]
        command += [KUBERNETES[-1]] if what == "lint" else []
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if "No module named 'helm_python'" in done.stderr:
        pytest.skip("neither helm nor helm-python-sdk is installed (docs/kubernetes.md)")
    return done


@functools.cache
def rendered(values):
    done = helm("template", values)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def resources(values):
    return [found for found in yaml.safe_load_all(rendered(values)) if found]


def pods(values):
    """(kind, component, pod's specification)."""
    for found in resources(values):
        if "template" in found["spec"] if "spec" in found else False:
            labels = found["metadata"]["labels"]
            yield found, labels["app.kubernetes.io/component"], found["spec"]["template"]["spec"]


def test_the_chart_knows_every_service_and_its_sources():
    assert {*VALUES["services"]} == {*services.NAMES}
    for name, of in VALUES["services"].items():
        read = {t.name for t in topics.ALL if name in t.consumers and name not in t.tables_of}
        assert {*of["sources"]} <= read, name
        shops = {source for source in read if source.startswith("shop.")}
        assert shops - {topics.PROFILES} == {*of["sources"]}, name


def test_its_versions_are_ours():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    assert version is not None
    assert chart["appVersion"] == chart["version"] == version[1]
    assert chart["kubeVersion"] == f">={KUBERNETES[0]}-0"


@pytest.mark.parametrize("values", SETS)
def test_helm_lints_and_renders(values):
    done = helm("lint", values)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(resources(values)) > 10


def test_without_brokers_the_chart_says_what_is_missing():
    done = helm("template")
    assert done.returncode != 0
    assert "kafka.bootstrapServers: host:port of the brokers" in done.stderr


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("values", SETS)
def test_kubernetes_accepts_what_is_rendered(values, version, tmp_path):
    validate = tool("kubernetes-validate")
    ours = [found for found in resources(values) if found["kind"] not in OTHERS_KINDS]
    file = tmp_path / "all.yaml"
    file.write_text(yaml.safe_dump_all(ours), "utf-8")
    done = subprocess.run(
        [validate, "--strict", "-k", version, str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert said.count(" passed for resource ") == len(ours), said
    assert "WARN" not in said


def test_the_validator_refuses_what_is_wrong(tmp_path):
    """So that its silence says something."""
    validate = tool("kubernetes-validate")
    file = tmp_path / "wrong.yaml"
    found = next(f for f in resources("small") if f["kind"] == "StatefulSet")
    found["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    file.write_text(yaml.safe_dump(found), "utf-8")
    done = subprocess.run([validate, "--strict", str(file)], capture_output=True, check=False)
    assert done.returncode != 0


@pytest.fixture(scope="module")
def schemas(tmp_path_factory):
    """Kubernetes' schemas, as kubernetes-validate brings them, where kubeconform finds them."""
    brought = [*TOOLS.parent.glob("lib/python*/site-packages/kubernetes_validate")]
    if not brought:
        pytest.skip("kubernetes-validate is not installed (docs/kubernetes.md)")
    folder = tmp_path_factory.mktemp("schemas")
    kinds = {found["kind"].lower() for name in SETS for found in resources(name)}
    for version in KUBERNETES:
        (folder / f"v{version}-strict").mkdir()
        for file in (brought[0] / f"kubernetes-json-schema/v{version}-local-strict").glob("*.json"):
            if file.name.split("-")[0] in {*kinds, "_definitions.json"}:
                # Paths of their own machine, to which `$id` and references belong.
                text = file.read_text("utf-8").replace('"/api/_definitions', '"_definitions')
                said = json.loads(text)
                said.pop("$id", None)
                (folder / f"v{version}-strict" / file.name).write_text(json.dumps(said), "utf-8")
    return folder


def kubeconform(schemas, version, manifests):
    place = "{{ .NormalizedKubernetesVersion }}-strict/{{ .ResourceKind }}{{ .KindSuffix }}.json"
    command = [tool("kubeconform"), "-strict", "-output", "json", "-summary"]
    command += ["-kubernetes-version", version, "-skip", ",".join(sorted(OTHERS_KINDS))]
    done = subprocess.run(
        [*command, "-schema-location", f"{schemas}/{place}", "-"],
        input=manifests, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("values", SETS)
def test_kubeconform_accepts_what_is_rendered(schemas, values, version):
    status, said = kubeconform(schemas, version, rendered(values))
    others = sum(found["kind"] in OTHERS_KINDS for found in resources(values))
    assert (status, said.get("resources")) == (0, []), said
    assert said["summary"] == {
        "valid": len(resources(values)) - others, "invalid": 0, "errors": 0, "skipped": others,
    }  # fmt: skip


def test_kubeconform_refuses_what_is_wrong(schemas):
    wrong = rendered("small").replace("readinessProbe", "readinesProbe")
    status, said = kubeconform(schemas, KUBERNETES[-1], wrong)
    assert status != 0
    assert said["summary"]["invalid"] == 5, said


@pytest.mark.parametrize("values", SETS)
def test_pods_are_hardened_and_limited(values):
    seen = set()
    for found, component, pod in pods(values):
        seen.add(component)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        [container] = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert "memory" in container["resources"]["limits"]
        assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}
        if found["kind"] == "Job":
            continue
        assert container["args"] == ["worker", component]
        assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "metrics"}
        for probe in ("livenessProbe", "startupProbe"):
            assert container[probe]["httpGet"] == {"path": "/livez", "port": "metrics"}
        # A worker that drains is not killed: DRAIN_DEADLINE is 20 s by default.
        assert pod["terminationGracePeriodSeconds"] > 2 * 20
    assert seen >= {"recommender", "sentiment", "answers", "intent"}


@pytest.mark.parametrize("values", SETS)
def test_variables_are_settings_and_secrets_come_from_files(values):
    config = next(found for found in resources(values) if found["kind"] == "ConfigMap")
    for found, component, pod in pods(values):
        own = services.spec(component).settings if found["kind"] != "Job" else ()
        known = {setting.name: setting for setting in (*REFERENCE, *own)}
        if component != "gateway":  # mounted for all: each reads its own
            known |= {s.name: s for spec in services.specs() for s in spec.settings}
        [container] = pod["containers"]
        variables = {each["name"]: each for each in container["env"]}
        assert len(variables) == len(container["env"]), "each once"
        assert config["data"].keys() <= known.keys()
        for name, variable in variables.items():
            assert name.removesuffix("_FILE") in known or name in known, name
            if name.endswith("_FILE") and name not in known:
                setting = name.removesuffix("_FILE")
                assert variable["value"] == f"/run/secrets/shopkeeper/{setting}"
        static = found["kind"] == "StatefulSet"
        assert ("WORKER_ID" in variables) is static, "static members keep their partitions"


def test_what_is_optional_is_there_when_asked_for():
    kinds = {name: [f["kind"] for f in resources(name)] for name in SETS}
    assert not {*kinds["small"]} & {*OTHERS_KINDS, "NetworkPolicy", "PodDisruptionBudget"}
    assert {*kinds["secured"]} >= {*OTHERS_KINDS, "NetworkPolicy", "Ingress", "Job"}
    assert {*kinds["scaled"]} >= {"HorizontalPodAutoscaler", "PodDisruptionBudget"}
    assert not {*kinds["scaled"]} & {"Ingress", "Job", "Deployment"}
    groups = {
        trigger["metadata"]["consumerGroup"]
        for found in resources("secured")
        if found["kind"] == "ScaledObject"
        for trigger in found["spec"]["triggers"]
    }
    assert groups == {f"shop1.shopkeeper-{name}" for name in services.NAMES if name != "gateway"}
    for found, component, _ in pods("secured"):
        if component in ("topics", "gateway"):
            continue
        assert "replicas" not in found["spec"], "an autoscaler's"


@pytest.fixture
def units(tmp_path):
    """The units, with something executable where the program would be."""
    program = tmp_path / "shopkeeper"
    program.touch(0o755)
    for path in SYSTEMD.glob("shopkeeper*"):
        text = path.read_text("utf-8").replace("/opt/shopkeeper/bin/shopkeeper", str(program))
        (tmp_path / path.name).write_text(text, "utf-8")
    dropped = tmp_path / "shopkeeper@.service.d"
    dropped.mkdir()
    (dropped / "secrets.conf").write_text((SYSTEMD / "secrets.conf").read_text("utf-8"), "utf-8")
    return tmp_path


def analyze(units, *arguments):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(
        ["systemd-analyze", *arguments],
        capture_output=True, text=True, check=False, cwd=units,
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{units}:"},
    )  # fmt: skip


def test_systemd_accepts_the_units(units):
    names = [f"shopkeeper@{name}.service" for name in services.NAMES]
    names += ["shopkeeper@recommender.2.service", "shopkeeper.target", "shopkeeper-topics.service"]
    done = analyze(units, "verify", "--man=no", *names)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    with (units / "shopkeeper@.service").open("a") as file:
        file.write("[Service]\nRestartSecs=1\n")
    assert "RestartSecs" in analyze(units, "verify", "--man=no", names[0]).stderr


@pytest.mark.parametrize("unit", ["shopkeeper@.service", "shopkeeper-topics.service"])
def test_the_units_are_hardened(units, unit):
    done = analyze(units, "security", "--offline=true", "--threshold=20", str(units / unit))
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


@pytest.mark.parametrize("instance", ["recommender", "recommender.2"])
def test_a_units_instance_names_its_service(instance, tmp_path):
    unit = (SYSTEMD / "shopkeeper@.service").read_text("utf-8")
    command = re.search(r"^ExecStart=/bin/sh -c '(.*)'$", unit, re.M)
    assert command is not None
    script = command[1].replace("%%", "\0").replace("%i", instance).replace("\0", "%")
    script = script.replace("$$", "$").replace("/opt/shopkeeper/bin/shopkeeper", "echo")
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "worker recommender\n"
    assert "RestartPreventExitStatus=3" in unit
