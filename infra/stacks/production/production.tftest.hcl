# Made up already in a plan: nothing is applied, for what must not be destroyed could not be taken down again.
mock_provider "aws" {
  override_during = plan

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws" }
  }
}

variables {
  region       = "eu-west-1"
  account_id   = "111111111111"
  data_account = { id = "222222222222", bucket = "example-lake" }
  notices      = { emails = ["on-call@example.com"], monthly_budget = 600 }

  database = {
    name             = "workforce"
    instance_id      = "workforce-production"
    secret_arn       = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:tidemark/source-AbCdEf"
    authorities_file = "./tests/authorities.pem"
  }

  network = {
    vpc_id          = "vpc-1"
    subnet_ids      = ["subnet-1", "subnet-2"]
    route_table_ids = ["rtb-1"]
    source_group_id = "sg-1"
  }
}

run "the_stack_plans" {
  command = plan

  assert {
    condition     = output.tidemark_source.slot_name == "tidemark" && output.tidemark_source.stream_name == "tidemark-changes"
    error_message = "the stack names slot and stream"
  }
}

run "a_task_does_not_run_without_its_position" {
  command = plan

  variables {
    cdc = { run = true }
  }

  expect_failures = [var.cdc]
}

run "a_system_is_one_that_contracts_read" {
  command = plan

  variables {
    system = "nobodys-postgres"
  }

  expect_failures = [var.system]
}

run "a_position_is_a_log_sequence_number" {
  command = plan

  variables {
    cdc = { start_position = "2026-01-01" }
  }

  expect_failures = [var.cdc]
}

run "another_account_is_no_account" {
  command = plan

  variables {
    account_id = "production"
  }

  expect_failures = [var.account_id]
}
