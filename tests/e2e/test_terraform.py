"""The Terraform module is the template, resource by resource. It is read as HCL; no provider is needed."""

import contextlib
import json
import re
import shutil
import subprocess
import sys

import hcl2
import pytest
from stack import ROOT, template

FOLDER = ROOT / "infra" / "terraform"
BODY = template()
RESOURCES = BODY["Resources"]
# What Terraform makes of a resource of the template; a function's role, events and permissions come beside these.
KINDS = {
    "AWS::S3::Bucket": "aws_s3_bucket",
    "AWS::S3::BucketPolicy": "aws_s3_bucket_policy",
    "AWS::SQS::Queue": "aws_sqs_queue",
    "AWS::SQS::QueuePolicy": "aws_sqs_queue_policy",
    "AWS::DynamoDB::Table": "aws_dynamodb_table",
    "AWS::SecretsManager::Secret": "aws_secretsmanager_secret",
    "AWS::SES::EmailIdentity": "aws_sesv2_email_identity",
    "AWS::SES::ConfigurationSet": "aws_sesv2_configuration_set",
    "AWS::SES::ConfigurationSetEventDestination": "aws_sesv2_configuration_set_event_destination",
    "AWS::SNS::Topic": "aws_sns_topic",
    "AWS::SNS::TopicPolicy": "aws_sns_topic_policy",
    "AWS::Logs::LogGroup": "aws_cloudwatch_log_group",
    "AWS::IAM::Role": "aws_iam_role",
    "AWS::Serverless::Function": "aws_lambda_function",
    "AWS::Events::Rule": "aws_cloudwatch_event_rule",
    "AWS::Logs::MetricFilter": "aws_cloudwatch_log_metric_filter",
    "AWS::CloudWatch::Alarm": "aws_cloudwatch_metric_alarm",
    "AWS::CloudWatch::Dashboard": "aws_cloudwatch_dashboard",
    "AWS::Lambda::Permission": "aws_lambda_permission",
    "AWS::ApiGatewayV2::Api": "aws_apigatewayv2_api",
    "AWS::ApiGatewayV2::Integration": "aws_apigatewayv2_integration",
    "AWS::ApiGatewayV2::Authorizer": "aws_apigatewayv2_authorizer",
    "AWS::ApiGatewayV2::Route": "aws_apigatewayv2_route",
    "AWS::ApiGatewayV2::Stage": "aws_apigatewayv2_stage",
    "AWS::Cognito::UserPool": "aws_cognito_user_pool",
    "AWS::Cognito::UserPoolClient": "aws_cognito_user_pool_client",
}
# An apply moves the alias; CodeDeploy has no part in it.
ONLY_IN_THE_TEMPLATE = {"DeployRole"}
PARAMETERS_ONLY_IN_THE_TEMPLATE = {"GradualDeployment", "DeploymentType"}
VARIABLES_OF_THE_MODULE = {"name", "release", "release_version", "tags", "people", "migrations"}


def plain(of):
    """What hcl2 read, without its quotes."""
    if isinstance(of, dict):
        return {plain(key): plain(value) for key, value in of.items()}
    if isinstance(of, list):
        return [plain(one) for one in of]
    if isinstance(of, str) and len(of) > 1 and of[0] == of[-1] == '"':
        with contextlib.suppress(json.JSONDecodeError):
            # An expression between texts, such as "a" == "b", stays as it is.
            return json.loads(of)
    return of


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@pytest.fixture(scope="module")
def module():
    """All files of the module: resources, data, variables and locals by name."""
    found = {"resource": {}, "data": {}, "variable": {}, "output": {}, "locals": {}}
    for path in FOLDER.glob("*.tf"):
        read = plain(hcl2.loads(path.read_text()))
        for section in ("resource", "data"):
            for entry in read.get(section, []):
                for kind, named in entry.items():
                    found[section].setdefault(kind, {}).update(named)
        for section in ("variable", "output"):
            for entry in read.get(section, []):
                found[section].update(entry)
        for entry in read.get("locals", []):
            found["locals"].update(entry)
    return found


def of_type(kind):
    return {name: entry["Properties"] for name, entry in RESOURCES.items()
            if entry["Type"] == kind and name not in ONLY_IN_THE_TEMPLATE}


def same(terraform, given):
    """Whether an expression of Terraform is a value of the template."""
    if isinstance(given, dict) and "Ref" in given:
        return str(terraform) == f"${{var.{snake(given['Ref'])}}}"
    if isinstance(given, dict) and "Fn::FindInMap" in given:
        return f'["{given["Fn::FindInMap"][2]}"]' in str(terraform)
    return terraform == given


def test_the_files_are_what_the_template_says():
    done = subprocess.run([sys.executable, FOLDER / "make", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if shutil.which("terraform"):
        formatted = subprocess.run(["terraform", "fmt", "-check", "-diff", FOLDER], capture_output=True, text=True, check=False)
        assert formatted.returncode == 0, formatted.stdout


def test_each_resource_is_there_and_no_other(module):
    for name, entry in RESOURCES.items():
        if name not in ONLY_IN_THE_TEMPLATE:
            assert snake(name) in module["resource"][KINDS[entry["Type"]]], name
    for kind, terraform in KINDS.items():
        wanted = {snake(name) for name in of_type(kind)}
        if kind in ("AWS::Events::Rule", "AWS::Lambda::Permission"):
            wanted |= {snake(f"{name}{event}") for name, function in of_type("AWS::Serverless::Function").items()
                       for event, entry in function.get("Events", {}).items() if entry["Type"] != "SQS"}
        extra = set(module["resource"][terraform]) - wanted
        assert extra <= {"migration"}, (kind, extra)


def test_what_a_condition_makes_is_counted(module):
    for name, entry in RESOURCES.items():
        if name not in ONLY_IN_THE_TEMPLATE:
            made = module["resource"][KINDS[entry["Type"]]][snake(name)]
            wanted = f"${{local.{snake(entry['Condition'])} ? 1 : 0}}" if "Condition" in entry else None
            assert made.get("count") == wanted, name


def test_queues_and_tables(module):
    for name, queue in of_type("AWS::SQS::Queue").items():
        made = module["resource"]["aws_sqs_queue"][snake(name)]
        assert made["message_retention_seconds"] == queue["MessageRetentionPeriod"]
        if "VisibilityTimeout" in queue:
            assert same(made["visibility_timeout_seconds"], queue["VisibilityTimeout"]), name
        if "RedrivePolicy" in queue:
            assert snake(queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]) in made["redrive_policy"]
            receives = queue["RedrivePolicy"]["maxReceiveCount"]
            assert f"maxReceiveCount = {receives}" in made["redrive_policy"] or same(made["redrive_policy"], receives), name
        assert "var.kms_key_arn" in made["kms_master_key_id"] and "local.has_key" in made["sqs_managed_sse_enabled"]
    for name, table in of_type("AWS::DynamoDB::Table").items():
        made = module["resource"]["aws_dynamodb_table"][snake(name)]
        assert made["billing_mode"] == table["BillingMode"]
        keys = [made["hash_key"], *filter(None, [made.get("range_key")])]
        assert keys == [key["AttributeName"] for key in table["KeySchema"]]
        assert [one["name"] for one in made["attribute"]] == keys
        assert made["point_in_time_recovery"][0]["enabled"] is True and made["server_side_encryption"][0]["enabled"] is True
        assert made["deletion_protection_enabled"] == "${local.is_protected ? true : false}"
        assert made["lifecycle"][0]["prevent_destroy"] is True


def test_the_bucket(module):
    bucket, made = RESOURCES["Bucket"]["Properties"], module["resource"]
    rules = [rule.get("Fn::If", [None, None, rule])[2] for rule in bucket["LifecycleConfiguration"]["Rules"]]
    found = made["aws_s3_bucket_lifecycle_configuration"]["bucket"]["rule"]
    assert [rule["id"] for rule in found] == [rule["Id"] for rule in rules]
    for rule, wanted in zip(found, rules, strict=True):
        if "Prefix" in wanted:
            assert rule["filter"][0]["prefix"] == wanted["Prefix"]
        if "ExpirationInDays" in wanted:
            assert f"var.{snake(wanted['ExpirationInDays']['Ref'])}" in rule["expiration"][0]["days"]
    assert made["aws_s3_bucket_notification"]["bucket"]["eventbridge"] is True
    assert made["aws_s3_bucket_versioning"]["bucket"]["versioning_configuration"][0]["status"] == "Enabled"
    public = made["aws_s3_bucket_public_access_block"]["bucket"]
    assert all(public[snake(name)] is True for name in bucket["PublicAccessBlockConfiguration"])


def listed(statement):
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


def statements(document):
    return [one["Fn::If"][1] if "Fn::If" in one else one for one in document["Statement"]]


def assert_same_policy(text, document, name):
    """The same statements in the same order, each with the same actions, and under the same condition."""
    parts = re.split(r"Sid = ", text)[1:]
    wanted = statements(document)
    assert len(parts) == len(wanted), name
    for part, statement in zip(parts, wanted, strict=True):
        assert part.startswith(f'"{statement["Sid"]}"') and f'Effect = "{statement["Effect"]}"' in part, name
        actions = part.split("Action = ", 1)[1]
        actions = actions.split("]", 1)[0] if actions.startswith("[") else actions.split(",", 1)[0]
        assert re.findall(r'"([^"]+)"', actions) == listed(statement), (name, statement["Sid"])
        for resource in re.findall(r"Fn::GetAtt': \['(\w+)'", str(statement["Resource"])):
            assert f".{snake(resource)}." in part or f".{snake(resource)}[" in part, (name, resource)
    for one in document["Statement"]:
        if "Fn::If" in one:
            condition, statement, _ = one["Fn::If"]
            assert re.search(rf'local\.{snake(condition)} \? jsondecode\(jsonencode\(\{{Sid = "{statement["Sid"]}"', text), name


def test_roles_and_policies(module):
    for name, role in of_type("AWS::IAM::Role").items():
        made = module["resource"]["aws_iam_role"][snake(name)]
        assert made["path"] == "${var.role_path}" and "var.permissions_boundary_arn" in made["permissions_boundary"]
        principal = role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
        assert principal in made["assume_role_policy"]
        (policy,) = role["Policies"]
        assert_same_policy(module["resource"]["aws_iam_role_policy"][snake(name)]["policy"], policy["PolicyDocument"], name)
    for kind in ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"):
        for name, policy in of_type(kind).items():
            assert_same_policy(module["resource"][KINDS[kind]][snake(name)]["policy"], policy["PolicyDocument"], name)
    for name, entry in template("people.yaml")["Resources"].items():
        made = module["resource"]["aws_iam_policy"][snake(name)]
        assert made["for_each"] == "${var.people}"
        assert_same_policy(made["policy"], entry["Properties"]["PolicyDocument"], name)


def test_functions_and_what_calls_them(module):
    common = BODY["Globals"]["Function"]
    for name, function in of_type("AWS::Serverless::Function").items():
        made = module["resource"]["aws_lambda_function"][snake(name)]
        variables = {**common["Environment"]["Variables"], **function["Environment"]["Variables"]}
        assert list(made["environment"][0]["variables"]) == list(variables), name
        assert same(made["memory_size"], function["MemorySize"]) and same(made["timeout"], function["Timeout"])
        assert made["runtime"] == common["Runtime"] and made["publish"] is True
        assert made["tracing_config"][0]["mode"] == "${var.tracing}"
        assert module["resource"]["aws_lambda_alias"][snake(name)]["name"] == common["AutoPublishAlias"]
        for event, entry in function.get("Events", {}).items():
            at, properties = snake(f"{name}{event}"), entry["Properties"]
            if entry["Type"] == "SQS":
                polled = module["resource"]["aws_lambda_event_source_mapping"][at]
                assert snake(properties["Queue"]["Fn::GetAtt"][0]) in polled["event_source_arn"]
                assert same(polled["batch_size"], properties["BatchSize"])
                assert same(polled["scaling_config"][0]["maximum_concurrency"], properties["ScalingConfig"]["MaximumConcurrency"])
                assert polled["function_response_types"] == properties["FunctionResponseTypes"]
            else:
                target = module["resource"]["aws_cloudwatch_event_target"][at]
                assert target["arn"] == f"${{aws_lambda_alias.{snake(name)}.arn}}"
                assert module["resource"]["aws_lambda_permission"][at]["principal"] == "events.amazonaws.com"
                assert target.get("input") == properties.get("Input")
                assert ("dead_letter_config" in target) == ("DeadLetterConfig" in properties)


def test_the_console(module):
    """The HTTP API, who may call it, and the users."""
    made = module["resource"]
    authorizer, given = made["aws_apigatewayv2_authorizer"]["console_authorizer"], RESOURCES["ConsoleAuthorizer"]["Properties"]
    assert authorizer["authorizer_type"] == given["AuthorizerType"] and authorizer["identity_sources"] == given["IdentitySource"]
    (token,) = authorizer["jwt_configuration"]
    assert "aws_cognito_user_pool.console_users" in token["issuer"] and "var.console_issuer" in token["issuer"]
    assert "aws_cognito_user_pool_client.console_client" in str(token["audience"]) and "var.console_audience" in str(token["audience"])
    route, given = made["aws_apigatewayv2_route"]["console_route"], RESOURCES["ConsoleRoute"]["Properties"]
    assert route["route_key"] == given["RouteKey"] == "$default" and route["authorization_type"] == given["AuthorizationType"] == "JWT"
    assert "console_authorizer" in route["authorizer_id"] and "console_integration" in route["target"]
    integration = made["aws_apigatewayv2_integration"]["console_integration"]
    assert "aws_lambda_alias.console" in integration["integration_uri"] and integration["payload_format_version"] == "2.0"
    assert made["aws_lambda_permission"]["console_permission"]["principal"] == "apigateway.amazonaws.com"
    client, given = made["aws_cognito_user_pool_client"]["console_client"], RESOURCES["ConsoleClient"]["Properties"]
    assert client["write_attributes"] == given["WriteAttributes"] and client["explicit_auth_flows"] == given["ExplicitAuthFlows"]
    users = made["aws_cognito_user_pool"]["console_users"]
    assert users["admin_create_user_config"][0]["allow_admin_create_user_only"] is True
    assert users["lifecycle"][0]["prevent_destroy"] is True
    (rule,) = made["aws_s3_bucket_cors_configuration"]["bucket"]["cors_rule"]
    assert rule["allowed_methods"] == ["PUT"] and rule["allowed_origins"] == ["${var.console_origin}"]


def test_alarms_filters_and_the_dashboard(module):
    for name, alarm in of_type("AWS::CloudWatch::Alarm").items():
        made = module["resource"]["aws_cloudwatch_metric_alarm"][snake(name)]
        assert made["alarm_description"] == alarm["AlarmDescription"] and made["treat_missing_data"] == alarm["TreatMissingData"]
        assert made["comparison_operator"] == alarm["ComparisonOperator"] and same(made["threshold"], alarm["Threshold"]), name
        assert made["evaluation_periods"] == alarm["EvaluationPeriods"] and made["alarm_actions"] == "${local.alarm_actions}"
        if "Metrics" in alarm:
            metrics = [one["MetricStat"]["Metric"]["MetricName"] for one in alarm["Metrics"] if "MetricStat" in one]
            assert [one["metric"][0]["metric_name"] for one in made["metric_query"] if "metric" in one] == metrics
        else:
            assert made["metric_name"] == alarm["MetricName"] and made["statistic"] == alarm["Statistic"]
            assert same(made["period"], alarm["Period"])
            assert list(made.get("dimensions", {})) == [one["Name"] for one in alarm.get("Dimensions", [])]
    for name, entry in of_type("AWS::Logs::MetricFilter").items():
        made = module["resource"]["aws_cloudwatch_log_metric_filter"][snake(name)]
        assert made["pattern"] == entry["FilterPattern"]
        assert made["metric_transformation"][0]["name"] == entry["MetricTransformations"][0]["MetricName"]
    ((name, board),) = of_type("AWS::CloudWatch::Dashboard").items()
    titles = re.findall(r'"title": "([^"]+)"', board["DashboardBody"]["Fn::Sub"])
    assert re.findall(r'title = "([^"]+)"', module["resource"]["aws_cloudwatch_dashboard"][snake(name)]["dashboard_body"]) == titles


def test_every_parameter_is_a_variable_with_the_same_default(module):
    parameters = {name: entry for name, entry in BODY["Parameters"].items() if name not in PARAMETERS_ONLY_IN_THE_TEMPLATE}
    assert set(module["variable"]) == {snake(name) for name in parameters} | VARIABLES_OF_THE_MODULE
    for name, entry in parameters.items():
        made = module["variable"][snake(name)]
        assert made["description"] == entry["Description"]
        default = entry.get("Default")
        assert made.get("default") == {"true": True, "false": False}.get(default, default), name
    assert {snake(name) for name in BODY["Outputs"]} | {"people"} == set(module["output"])


def test_everything_that_is_named_is_declared(module):
    """As far as `terraform validate` goes without the provider."""
    text = "\n".join(path.read_text() for path in FOLDER.glob("*.tf"))
    text = re.sub(r"#.*", "", text)
    for kind, name in re.findall(r"(?<![\w.\"])(aws_\w+)\.(\w+)(?=[.\[])", text):
        assert name in module["resource"].get(kind, {}), (kind, name)
    for kind, name in re.findall(r"\bdata\.(aws_\w+)\.(\w+)", text):
        assert name in module["data"].get(kind, {}), (kind, name)
    for name in re.findall(r"\bvar\.(\w+)", text):
        assert name in module["variable"], name
    for name in re.findall(r"\blocal\.(\w+)", text):
        assert name in module["locals"], name


def test_a_migration(module):
    resources = template("migration.yaml")["Resources"]
    for name, kind in (("Role", "aws_iam_role"), ("Look", "aws_scheduler_schedule"), ("Expect", "aws_scheduler_schedule")):
        made = module["resource"][kind]["migration" if name == "Role" else snake(name)]
        assert "var.migrations" in made["for_each"]
        if name != "Role":
            assert "aws_lambda_alias.splitter.arn" in made["target"][0]["arn"]
            words = set(re.findall(r'"(\w+)":', resources[name]["Properties"]["Target"]["Input"]["Fn::Sub"]))
            assert words <= set(re.findall(r"(\w+) = ", made["target"][0]["input"])), name
