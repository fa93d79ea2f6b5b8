output "bucket_name" {
  description = "Where files are dropped and results are found."
  value       = aws_cloudformation_stack.rollcall.outputs["BucketName"]
}

output "finished_topic_arn" {
  description = "Says that an import has ended."
  value       = aws_cloudformation_stack.rollcall.outputs["FinishedTopicArn"]
}

output "contacts_table_name" {
  description = "Where contacts are."
  value       = aws_cloudformation_stack.rollcall.outputs["ContactsTableName"]
}
