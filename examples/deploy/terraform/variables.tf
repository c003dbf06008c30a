variable "stream_name" {
  description = "Name of the stream in Kinesis."
  type        = string
  default     = "user_activity_prod"
}

variable "bucket_name" {
  description = "Name of the bucket for the archives."
  type        = string
}

variable "retention_hours" {
  description = "How long the stream keeps a record. Minimum: 24. 168 leaves a week to fix problems."
  type        = number
  default     = 72

  validation {
    condition     = var.retention_hours >= 24 && var.retention_hours <= 8760
    error_message = "Kinesis keeps records from 24 to 8760 hours."
  }
}

variable "trusted_services" {
  description = "Services that may assume the role. Default: EC2 instances and ECS tasks."
  type        = list(string)
  default     = ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]
}

variable "pod_identity" {
  description = "Whether EKS Pod Identity may assume the role. Create its association with the cluster."
  type        = bool
  default     = false
}

variable "oidc_provider_arn" {
  description = "The cluster's IAM OIDC provider, for IAM roles for service accounts (IRSA)."
  type        = string
  default     = null

  validation {
    condition     = var.oidc_provider_arn == null ? true : can(regex(":oidc-provider/", var.oidc_provider_arn))
    error_message = "Must be the ARN of an IAM OIDC provider: arn:aws:iam::ACCOUNT:oidc-provider/HOST/id/ID."
  }
}

variable "service_account" {
  description = "Service account that may assume the role through IRSA: NAMESPACE:NAME."
  type        = string
  default     = "default:triton-store"
}
