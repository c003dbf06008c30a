output "role_arn" {
  description = "Role for `triton store`."
  value       = aws_iam_role.store.arn
}

output "instance_profile" {
  description = "Instance profile for EC2 instances."
  value       = aws_iam_instance_profile.store.name
}

output "bucket" {
  description = "Value for TRITON_BUCKET."
  value       = "s3://${aws_s3_bucket.archive.bucket}"
}
