variable "stream_name" {
  description = "Name of the stream, as Kinesis knows it."
  type        = string
  default     = "user_activity_prod"
}

variable "bucket_name" {
  description = "Name of the bucket that the archives go to."
  type        = string
}

variable "retention_hours" {
  description = "How long the stream keeps a record: 24 is the least, 168 leaves a week to mend things."
  type        = number
  default     = 72

  validation {
    condition     = var.retention_hours >= 24 && var.retention_hours <= 8760
    error_message = "Kinesis keeps records from 24 to 8760 hours."
  }
}

variable "trusted_services" {
  description = "Who may take the role: EC2 instances and ECS tasks unless set otherwise."
  type        = list(string)
  default     = ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]
}
