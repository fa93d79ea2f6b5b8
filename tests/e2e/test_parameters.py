"""What the parameters change, as the emulator shows it after a deployment; and of what it does not show, the template."""

import json

from evaluate import Evaluated
from stack import CAPABILITIES
from test_template import FUNCTIONS, RESOURCES, TEMPLATE

TUNED = {
    "SplitterMemory": "3008", "WorkerMemory": "512", "FinalizerMemory": "2048", "RolePath": "/teams/lists/",
    "Tracing": "Active", "SesSandbox": "true",
}


def physical(stack, name):
    cloudformation = stack.client("cloudformation")
    summaries = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    return {entry["LogicalResourceId"]: entry["PhysicalResourceId"]
            for page in summaries for entry in page["StackResourceSummaries"]}


def test_parameters_arrive(stack):
    """A second installation in the same account, with other values than the defaults."""
    outputs = stack.deploy("tuned", stack.body, {**stack.parameters, **TUNED}, CAPABILITIES)
    resources = physical(stack, "tuned")

    functions = stack.client("lambda")
    for name, megabytes in (("Splitter", 3008), ("Worker", 512), ("Finalizer", 2048)):
        found = functions.get_function_configuration(FunctionName=resources[name], Qualifier="live")
        assert found["MemorySize"] == megabytes and found["TracingConfig"]["Mode"] == "Active", name

    iam = stack.client("iam")
    for name in ("Splitter", "Worker", "Finalizer", "Deploy"):
        role = iam.get_role(RoleName=resources[f"{name}Role"])["Role"]
        assert role["Path"] == "/teams/lists/", name
    granted = str(iam.get_role_policy(RoleName=resources["FinalizerRole"], PolicyName="ports")["PolicyDocument"])
    assert "identity/*" in granted and "xray:PutTraceSegments" in granted

    secret = stack.client("secretsmanager").get_secret_value(SecretId=outputs["SecretArn"])["SecretString"]
    assert len(secret) == 64
    stack.client("cloudformation").delete_stack(StackName="tuned")


def lifecycle(**parameters):
    """The bucket's rules; the emulator has none."""
    bucket = Evaluated(**parameters).resources()["Bucket"]["Properties"]
    return {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}


def test_the_defaults_keep_nothing_personal_for_ever():
    rules = lifecycle()
    assert {rules[name]["Prefix"]: rules[name]["ExpirationInDays"] for name in ("drops", "sources", "results")} == {
        "inbox/": 90, "sources/": 90, "imports/": 365}
    assert rules["old-versions"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
    assert rules["working-papers"]["ExpirationInDays"] == 30


def test_retention_is_a_parameter_and_nought_keeps():
    rules = lifecycle(InboxDays=20, ResultDays=0, OldVersionDays=3, WorkingPaperDays=15)
    assert rules["drops"]["ExpirationInDays"] == rules["sources"]["ExpirationInDays"] == 20
    assert rules["old-versions"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 3
    assert "results" not in rules and rules["working-papers"]["ExpirationInDays"] == 15
    assert not {"drops", "sources", "results", "old-versions"} & set(lifecycle(InboxDays=0, ResultDays=0, OldVersionDays=0))


def test_warm_throughput_and_concurrency_are_parameters():
    warm = lambda resources, name: resources[name]["Properties"].get("WarmThroughput")  # noqa: E731
    cold = Evaluated().resources()
    assert warm(cold, "ContactsTable") is None and warm(cold, "DirectoryTable") is None
    tuned = Evaluated(ContactsWarmWrites=20_000, ContactsWarmReads=15_000, DirectoryWarmReads=30_000,
                      WorkerConcurrency=90, FinalizerConcurrency=4, SplitterConcurrency=0).resources()
    assert warm(tuned, "ContactsTable") == {"WriteUnitsPerSecond": 20_000, "ReadUnitsPerSecond": 15_000}
    assert warm(tuned, "DirectoryTable")["ReadUnitsPerSecond"] == 30_000
    bound = lambda function, event: tuned[function]["Properties"]["Events"][event]["Properties"]["ScalingConfig"]  # noqa: E731
    assert bound("Worker", "Chunks") == {"MaximumConcurrency": 90}
    assert bound("Finalizer", "Finished") == {"MaximumConcurrency": 4}
    assert "ReservedConcurrentExecutions" not in tuned["Splitter"]["Properties"]
    assert cold["Splitter"]["Properties"]["ReservedConcurrentExecutions"] == 20


# ------------------------------------------------------------------ versions
def references(value):
    """Every parameter that a value depends on, through conditions and mappings."""
    if isinstance(value, list):
        return set().union(*map(references, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found = set()
    for key, inner in value.items():
        if key == "Ref":
            found.add(inner)
        elif key == "Fn::If":
            found |= references(TEMPLATE["Conditions"][inner[0]]) | references(inner[1:])
        else:
            found |= references(inner)
    return found & set(TEMPLATE["Parameters"])


# What is the function's and not the version's, or makes a new function.
OF_THE_FUNCTION = {"Architectures", "Role", "ReservedConcurrentExecutions", "DeploymentPreference", "Events",
                   "EventInvokeConfig", "VersionDescription", "CodeUri"}


def test_a_parameter_that_changes_a_function_publishes_a_version():
    """Otherwise the alias would keep the old value. A new description makes CloudFormation publish."""
    common = {name: value for name, value in TEMPLATE["Globals"]["Function"].items() if name not in OF_THE_FUNCTION}
    for name, function in FUNCTIONS.items():
        properties = {key: value for key, value in function["Properties"].items() if key not in OF_THE_FUNCTION}
        described = function["Properties"]["VersionDescription"]["Fn::Sub"]
        assert function["Properties"]["AutoPublishAliasAllProperties"] is True
        for parameter in references(properties) | references(common):
            assert f"${{{parameter}}}" in described, (name, parameter)


def test_a_changed_parameter_reaches_the_alias(stack):
    functions, name = stack.client("lambda"), stack.outputs["WorkerName"]
    version = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    stack.upgrade(WorkerMemory="1536")
    try:
        assert functions.get_function_configuration(FunctionName=name, Qualifier="live")["MemorySize"] == 1536
        assert functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"] != version
    finally:
        stack.upgrade()


def test_code_is_shifted_gradually_and_rolled_back_on_an_alarm():
    for name, function in FUNCTIONS.items():
        preference = function["Properties"]["DeploymentPreference"]
        (alarm,) = preference["Alarms"]
        alarm = RESOURCES[alarm["Ref"]]["Properties"]
        assert alarm["MetricName"] == "Errors" and name in json.dumps(alarm["Dimensions"])
        assert preference["Enabled"] == {"Ref": "GradualDeployment"} and preference["Type"] == {"Ref": "DeploymentType"}
    assert TEMPLATE["Parameters"]["DeploymentType"]["Default"].startswith("Canary")
    assert TEMPLATE["Parameters"]["GradualDeployment"]["Default"] == "true"
    # An event that fails goes where the alias says, so the migrations must call it.
    assert TEMPLATE["Outputs"]["SplitterArn"]["Value"] == {"Ref": "Splitter.Alias"}


def test_every_role_has_a_boundary_and_a_path():
    boundary = "arn:aws:iam::123456789012:policy/bound"
    for name in ("template.yaml", "migration.yaml"):
        for given in (boundary, ""):
            made = Evaluated(name, PermissionsBoundaryArn=given, RolePath="/teams/").resources().values()
            roles = [entry["Properties"] for entry in made if entry["Type"] == "AWS::IAM::Role"]
            assert roles
            for role in roles:
                assert role["Path"] == "/teams/" and role.get("PermissionsBoundary", "") == given
