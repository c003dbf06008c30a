output "role_arn" {
  description = "The role that `triton store` runs under."
  value       = aws_iam_role.store.arn
}

output "instance_profile" {
  description = "What an EC2 instance is started with."
  value       = aws_iam_instance_profile.store.name
}

output "bucket" {
  description = "What TRITON_BUCKET is set to."
  value       = "s3://${aws_s3_bucket.archive.bucket}"
}
