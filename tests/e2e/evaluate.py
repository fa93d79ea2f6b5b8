"""Evaluates a template as CloudFormation does: parameters, conditions and mappings. Names of resources stay references."""

from stack import template

GONE = object()


class Evaluated:
    def __init__(self, name="template.yaml", **parameters):
        self.body = template(name)
        defaults = {key: entry.get("Default", "") for key, entry in self.body.get("Parameters", {}).items()}
        unknown = set(parameters) - set(defaults)
        assert not unknown, f"no such parameters: {unknown}"
        self.parameters = {**defaults, **parameters, "AWS::StackName": "rollcall", "AWS::Region": "eu-west-1",
                           "AWS::AccountId": "123456789012", "AWS::Partition": "aws", "AWS::NoValue": GONE}

    def resources(self):
        """The resources that are made."""
        made = {name: entry for name, entry in self.body["Resources"].items()
                if "Condition" not in entry or self.holds(entry["Condition"])}
        return {name: self.value(entry) for name, entry in made.items()}

    def holds(self, condition):
        if isinstance(condition, str):
            return self.holds(self.body["Conditions"][condition])
        ((function, inner),) = condition.items()
        if function == "Fn::Equals":
            left, right = (str(self.value(side)) for side in inner)
            return left == right
        if function == "Fn::Not":
            return not self.holds(inner[0])
        if function in ("Fn::And", "Fn::Or"):
            return (all if function == "Fn::And" else any)(map(self.holds, inner))
        if function == "Condition":
            return self.holds(inner)
        raise AssertionError(f"not known: {function}")

    def value(self, value):
        if isinstance(value, list):
            return [found for found in map(self.value, value) if found is not GONE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, inner),) = value.items()
            if function == "Ref" and inner in self.parameters:
                return self.parameters[inner]
            if function == "Fn::If":
                return self.value(inner[1] if self.holds(inner[0]) else inner[2])
            if function == "Fn::FindInMap":
                mapping, first, second = map(self.value, inner)
                return self.body["Mappings"][mapping][first][second]
            if function == "Fn::Sub":
                return self.substituted(inner)
        found = {key: self.value(inner) for key, inner in value.items()}
        return {key: inner for key, inner in found.items() if inner is not GONE}

    def substituted(self, inner):
        text, names = inner if isinstance(inner, list) else (inner, {})
        values = {**self.parameters, **{name: self.value(value) for name, value in names.items()}}
        for name, value in values.items():
            if isinstance(value, (str, int, float)):
                text = text.replace("${%s}" % name, str(value))
        return text
