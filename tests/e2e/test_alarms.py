"""Each alarm is made to ring: from the lines that the functions really log where they log it, else by its definition."""

import json
import re
import time

import pytest
from evaluate import Evaluated
from stack import ROOT, start
from test_faults import people

RESOURCES = Evaluated().resources()
ALARMS = {name: entry["Properties"] for name, entry in RESOURCES.items() if entry["Type"] == "AWS::CloudWatch::Alarm"}
FILTERS = {name: entry["Properties"] for name, entry in RESOURCES.items() if entry["Type"] == "AWS::Logs::MetricFilter"}
COMPARED = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}
# What AWS has by these names, and the dimension that a series has.
OF_AWS = {
    "AWS/SQS": ("QueueName", {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesReceived"}),
    "AWS/Lambda": ("FunctionName", {"Errors", "Throttles", "Duration", "AsyncEventsDropped", "DestinationDeliveryFailures"}),
    "AWS/DynamoDB": ("TableName", {"ReadThrottleEvents", "WriteThrottleEvents"}),
    "AWS/Events": ("RuleName", {"FailedInvocations", "InvocationsFailedToBeSentToDlq"}),
    "AWS/SES": ("Installation", {"Bounce", "Complaint"}),
}


def metrics(alarm):
    """Namespace, name, dimensions and statistic of everything that an alarm looks at."""
    if "Metrics" in alarm:
        stats = [one["MetricStat"] for one in alarm["Metrics"] if "MetricStat" in one]
        return [(one["Metric"]["Namespace"], one["Metric"]["MetricName"], one["Metric"]["Dimensions"], one["Stat"]) for one in stats]
    return [(alarm["Namespace"], alarm["MetricName"], alarm.get("Dimensions", []), alarm["Statistic"])]


def rings(alarm, periods):
    """Whether an alarm rings. For each of the last periods a list of values, none where nothing was reported."""
    periods = periods[-alarm["EvaluationPeriods"]:]
    statistic = metrics(alarm)[0][3]

    def breaches(values):
        if not values:
            return alarm["TreatMissingData"] == "breaching"
        value = max(values) if statistic == "Maximum" else sum(values)
        return COMPARED[alarm["ComparisonOperator"]](value, float(alarm["Threshold"]))

    return len(periods) == alarm["EvaluationPeriods"] and all(map(breaches, periods))


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_rings_above_its_limit_and_at_nothing_else(name):
    alarm = ALARMS[name]
    always = alarm["EvaluationPeriods"]
    if alarm["ComparisonOperator"] == "LessThanThreshold":
        # The heartbeat: silence rings.
        assert rings(alarm, [[]] * always) and not rings(alarm, [[1]] * always)
        return
    limit = float(alarm["Threshold"])
    beyond = limit + (0 if alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold" else 1)
    assert rings(alarm, [[beyond]] * always)
    assert not rings(alarm, [[beyond - 1]] * always)
    assert not rings(alarm, [[]] * always)


def test_what_the_alarms_look_at_exists():
    sent = {(one["MetricNamespace"], one["MetricName"])
            for entry in FILTERS.values() for one in entry["MetricTransformations"]}
    for name, alarm in ALARMS.items():
        for namespace, metric, dimensions, _ in metrics(alarm):
            if namespace == "Rollcall/rollcall":
                assert (namespace, metric) in sent and not dimensions, name
            elif namespace == "Rollcall":
                assert dimensions == [{"Name": "Stack", "Value": "rollcall"}], name
            else:
                dimension, known = OF_AWS[namespace]
                assert metric in known and [one["Name"] for one in dimensions] == [dimension], name


def test_a_filter_reads_no_name_with_a_dot_and_counts_lines():
    for name, entry in FILTERS.items():
        (one,) = entry["MetricTransformations"]
        assert one["MetricValue"] == "1", name
        assert re.fullmatch(r'\{ \$\.fields\.message = "[a-z ]+\*?" \}', entry["FilterPattern"]), name


def test_a_message_of_a_filter_is_one_that_the_functions_log():
    source = "\n".join(path.read_text() for folder in ("functions", "shared") for path in (ROOT / folder).rglob("*.rs"))
    for name, entry in FILTERS.items():
        message = re.search(r'"([^"]+)"', entry["FilterPattern"]).group(1)
        assert re.search(rf'tracing::\w+!\([^;]*"{message.rstrip("*")}', source), name


def test_each_alarm_names_a_section_of_the_runbook():
    sections = {line[3:].strip().lower() for line in (ROOT / "infra" / "RUNBOOK.md").read_text().splitlines() if line.startswith("## ")}
    for name, alarm in ALARMS.items():
        section = alarm["AlarmDescription"].rsplit("runbook, ", 1)[1].rstrip(".")
        assert section in sections, (name, section)


def test_every_queue_table_and_function_is_watched():
    """By the alarm that the on-call engineer needs for it."""
    looked = {(metric, json.dumps(dimensions)) for alarm in ALARMS.values() for _, metric, dimensions, _ in metrics(alarm)}
    has = lambda metric, resource: any(metric == one and resource in of for one, of in looked)  # noqa: E731
    for function in ("Splitter", "Worker", "Finalizer"):
        for metric in ("Errors", "Throttles", "Duration"):
            assert has(metric, f'"{function}"'), (function, metric)
    for table in ("ContactsTable", "DirectoryTable", "ImportsTable"):
        for metric in ("ReadThrottleEvents", "WriteThrottleEvents"):
            assert has(metric, table), (table, metric)
    for queue, metric in (("ParkedQueue", "ApproximateNumberOfMessagesVisible"), ("ChunkQueue", "ApproximateAgeOfOldestMessage"),
                          ("FinalizeQueue", "ApproximateAgeOfOldestMessage"), ("DeadChunkQueue", "NumberOfMessagesReceived"),
                          ("FailedEventQueue", "NumberOfMessagesReceived")):
        assert has(metric, queue), queue


def test_a_duration_alarm_is_at_nine_tenths_of_the_limit():
    for pace in ("standard", "quick"):
        made = Evaluated(Pace=pace).resources()
        for function in ("Splitter", "Worker", "Finalizer"):
            limit = made[f"{function}DurationAlarm"]["Properties"]["Threshold"]
            assert limit == 900 * made[function]["Properties"]["Timeout"], (pace, function)


def test_three_failures_of_a_file_are_an_alarm():
    """An event that fails is tried three times within ten minutes, and then it is in the queue of failed events."""
    alarm = ALARMS["SplitterErrorsAlarm"]
    assert rings(alarm, [[1, 1, 1]]) and not rings(alarm, [[1, 1]]) and alarm["Period"] >= 600
    assert rings(ALARMS["FailedEventAlarm"], [[1]])


# ------------------------------------------------------------------ from real lines
@pytest.fixture(scope="module")
def loud(tmp_path_factory):
    """A stack whose functions log JSON, as on AWS."""
    yield from start(tmp_path_factory, "loud", variables={"AWS_LAMBDA_LOG_FORMAT": "JSON"})


def lines(stack):
    """What the functions logged."""
    found = []
    for line in stack.emulator.log.read_text(errors="replace").splitlines():
        if line.startswith("{"):
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                continue
    return found


def reported(stack, namespace, metric):
    """The values of a metric: embedded in a line, or counted by a filter."""
    values = []
    for line in lines(stack):
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            named = [one["Name"] for one in directive["Metrics"]]
            if directive["Namespace"] == namespace and metric in named:
                assert directive["Dimensions"] == [["Stack"]] and line["Stack"] == stack.name
                values.append(line[metric])
        for entry in FILTERS.values():
            (one,) = entry["MetricTransformations"]
            if (one["MetricNamespace"], one["MetricName"]) == (namespace, metric) and matches(entry["FilterPattern"], line):
                values.append(1)
    return values


def matches(pattern, line):
    text = re.search(r'"([^"]+)"', pattern).group(1)
    message = str(line.get("fields", {}).get("message", ""))
    return message.startswith(text[:-1]) if text.endswith("*") else message == text


def rang(stack, name):
    """Waits until an alarm rings by what was logged, on the emulator too."""
    alarm = ALARMS[name]
    ((namespace, metric, dimensions, _),) = metrics(alarm)
    stack.wait(lambda: rings(alarm, [reported(stack, namespace, metric)] * alarm["EvaluationPeriods"]),
               lambda: (name, reported(stack, namespace, metric)))
    cloudwatch = stack.client("cloudwatch")
    values = reported(stack, namespace, metric)
    (logical,) = [one for one in stack.client("cloudformation").list_stack_resources(StackName=stack.name)["StackResourceSummaries"]
                  if one["LogicalResourceId"] == name] or [None]
    for value in values:
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{
            "MetricName": metric, "Value": value, "Dimensions": dimensions}])
    (deployed,) = cloudwatch.describe_alarms(AlarmNames=[logical["PhysicalResourceId"]])["MetricAlarms"]
    assert deployed["StateValue"] == "ALARM", name
    return values


def test_imports_and_the_sweep_ring(loud):
    loud.program("loud")
    loud.drop("loud", "prospects", "list.csv", people(30, "loud-mail.com"))
    loud.wait_for("loud", "list.csv")
    beats = loud.wait(lambda: reported(loud, "Rollcall", "SweepHeartbeat"), lambda: "no heartbeat")
    heartbeat = ALARMS["HeartbeatAlarm"]
    assert not rings(heartbeat, [beats]) and rings(heartbeat, [[]])
    # A file that is gone is a failed import.
    event = {"source": "aws.s3", "detail-type": "Object Created", "time": "2026-01-01T00:00:00Z", "detail": {
        "bucket": {"name": loud.bucket}, "object": {"key": "inbox/loud/prospects/gone.csv", "size": 10, "etag": "none"}}}
    loud.client("lambda").invoke(FunctionName=loud.outputs["SplitterName"], Payload=json.dumps(event).encode())
    assert not reported(loud, "Rollcall", "ImportFailed") or max(reported(loud, "Rollcall", "ImportFailed")) <= 1
    assert 1 in rang(loud, "ImportFailedAlarm")
    assert set(reported(loud, "Rollcall", "ImportIncomplete")) == {0}
    # An import that is as old as its id says, and has not ended.
    table = loud.tables.Table(loud.outputs["ImportsTableName"])
    table.put_item(Item={"pk": "unfinished", "sk": "20260101T000000000Z-aaaaaaaaaa"})
    try:
        loud.client("lambda").invoke(FunctionName=loud.outputs["FinalizerName"], Payload=b'{"rollcall": "sweep"}')
        assert max(rang(loud, "OldestImportAlarm")) > 7200
    finally:
        table.delete_item(Key={"pk": "unfinished", "sk": "20260101T000000000Z-aaaaaaaaaa"})


def test_lines_that_filters_count_ring(loud):
    loud.program("refusing", sender="nobody@unverified.example")
    loud.drop("refusing", "prospects", "list.csv", people(3, "refused-mail.com"))
    rang(loud, "LetterAlarm")
    look = {"rollcall": "migrate", "program": "refusing", "profile": "prospects", "source": "sources/refusing/",
            "expected": {"by": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "within_hours": 1}}
    loud.client("lambda").invoke(FunctionName=loud.outputs["SplitterName"], Payload=json.dumps(look).encode())
    assert rang(loud, "MigrationAlarm") == [1]
    failed = {"requestPayload": look, "responsePayload": {"errorMessage": "listing objects: AccessDenied"}}
    loud.sqs.send_message(QueueUrl=loud.outputs["FailedEventQueueUrl"], MessageBody=json.dumps(failed))
    loud.wait(lambda: len(reported(loud, "Rollcall/rollcall", "MigrationFindings")) == 2, lambda: "no second finding")


def test_the_lines_of_chunks_and_imports_have_no_cell_and_no_address(loud):
    of_metrics = [line for line in lines(loud) if "_aws" in line]
    names = {one["Name"] for line in of_metrics for one in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert {"ChunkRows", "ChunkRejected", "ChunkMilliseconds", "ChunkRetries", "ImportRowsPerSecond", "ImportSeconds",
            "ImportWaitSeconds", "ImportFailed", "ImportIncomplete", "SweepHeartbeat", "OldestUnfinishedSeconds"} <= names
    assert any(line.get("program") == "loud" and line.get("ChunkRows") == 30 for line in of_metrics)
    assert "@" not in json.dumps(of_metrics)


def test_the_dashboard_shows_what_the_functions_log(loud):
    board = json.loads(loud.client("cloudwatch").get_dashboard(DashboardName=loud.outputs["DashboardName"])["DashboardBody"])
    logged = {one["Name"] for line in lines(loud) if "_aws" in line for one in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    members = {name for line in lines(loud) if "_aws" in line for name in line}
    for widget in board["widgets"]:
        properties = widget["properties"]
        for metric in properties.get("metrics", []):
            if metric[0] == "Rollcall":
                assert metric[1] in logged and metric[2:4] == ["Stack", loud.name], metric
        for name in re.findall(r"\b(?:sum|max)\((\w+)\)", properties.get("query", "")):
            assert name in members, name
