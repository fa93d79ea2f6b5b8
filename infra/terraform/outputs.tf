# Written by infra/terraform/make from infra/template.yaml. Change the template.

output "bucket_name" {
  description = "Where files are dropped and results are found."
  value       = local.makes_bucket ? one(aws_s3_bucket.bucket[*].bucket) : var.existing_bucket
}

output "secret_arn" {
  description = "Secret that invitation tokens are derived from."
  value       = local.makes_secret ? one(aws_secretsmanager_secret.secret[*].arn) : var.secret_arn
}

output "mail_topic_arn" {
  description = "Says which addresses bounced, complained or were rejected."
  value       = aws_sns_topic.mail_topic.arn
}

output "finished_topic_arn" {
  description = "Says that an import has ended (IMP-7)."
  value       = aws_sns_topic.finished_topic.arn
}

output "contacts_table_name" {
  value = aws_dynamodb_table.contacts_table.name
}

output "directory_table_name" {
  value = aws_dynamodb_table.directory_table.name
}

output "imports_table_name" {
  value = aws_dynamodb_table.imports_table.name
}

output "dashboard_name" {
  value = aws_cloudwatch_dashboard.dashboard.dashboard_name
}

output "chunk_queue_url" {
  value = aws_sqs_queue.chunk_queue.url
}

output "finalize_queue_url" {
  value = aws_sqs_queue.finalize_queue.url
}

output "dead_chunk_queue_url" {
  value = aws_sqs_queue.dead_chunk_queue.url
}

output "failed_event_queue_url" {
  value = aws_sqs_queue.failed_event_queue.url
}

output "webhook_queue_url" {
  value = aws_sqs_queue.webhook_queue.url
}

output "parked_queue_url" {
  value = aws_sqs_queue.parked_queue.url
}

output "splitter_name" {
  value = aws_lambda_function.splitter.function_name
}

output "splitter_arn" {
  description = "For infra/migration.yaml."
  value       = aws_lambda_alias.splitter.arn
}

output "worker_name" {
  value = aws_lambda_function.worker.function_name
}

output "finalizer_name" {
  value = aws_lambda_function.finalizer.function_name
}

output "console_url" {
  description = "The console, for requests with a token."
  value       = one(aws_apigatewayv2_api.console_api[*].api_endpoint)
}

output "console_name" {
  value = one(aws_lambda_function.console[*].function_name)
}

output "console_users_id" {
  description = "The user pool of the console."
  value       = one(aws_cognito_user_pool.console_users[*].id)
}

output "console_client_id" {
  description = "Its client, the audience of tokens."
  value       = one(aws_cognito_user_pool_client.console_client[*].id)
}
