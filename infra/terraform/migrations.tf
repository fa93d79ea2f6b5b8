# Scheduled migrations, as infra/migration.yaml makes them.

# Role
resource "aws_iam_role" "migration" {
  for_each             = var.migrations
  name_prefix          = "${substr("${var.name}-${each.key}", 0, 37)}-"
  path                 = var.role_path
  permissions_boundary = local.has_boundary ? var.permissions_boundary_arn : null
  tags                 = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

# Role
resource "aws_iam_role_policy" "migration" {
  for_each = var.migrations
  name     = "look"
  role     = aws_iam_role.migration[each.key].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "lambda:InvokeFunction", Resource = aws_lambda_alias.splitter.arn }]
  })
}

# Look
resource "aws_scheduler_schedule" "look" {
  for_each                     = var.migrations
  name_prefix                  = "${substr("${var.name}-${each.key}", 0, 30)}-look-"
  description                  = "Looks for files under ${each.value.source}."
  schedule_expression          = each.value.rate
  schedule_expression_timezone = each.value.time_zone
  state                        = each.value.state
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = aws_lambda_alias.splitter.arn
    role_arn = aws_iam_role.migration[each.key].arn
    input = jsonencode({
      rollcall = "migrate", program = each.value.program, profile = each.value.profile, source = each.value.source
    })
  }
}

# Expect
resource "aws_scheduler_schedule" "expect" {
  for_each                     = { for name, migration in var.migrations : name => migration if migration.expected_by != "" }
  name_prefix                  = "${substr("${var.name}-${each.key}", 0, 30)}-expect-"
  description                  = "Looks whether a file came under ${each.value.source}."
  schedule_expression          = each.value.expected_by
  schedule_expression_timezone = each.value.time_zone
  state                        = each.value.state
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = aws_lambda_alias.splitter.arn
    role_arn = aws_iam_role.migration[each.key].arn
    # The time is the schedule's and not the clock's, so that a second delivery is the same question. Scheduler
    # replaces the word with the angle brackets, which jsonencode would escape.
    input = replace(replace(jsonencode({
      rollcall = "migrate", program = each.value.program, profile = each.value.profile, source = each.value.source
      expected = { by = "<aws.scheduler.scheduled-time>", within_hours = each.value.expected_within_hours }
    }), "\\u003c", "<"), "\\u003e", ">")
  }
}
