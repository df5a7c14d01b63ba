resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = var.alarms

  alarm_name        = "${var.prefix}-${each.key}"
  alarm_description = "${each.value.means} Runbook: ${var.runbook_url}/${each.value.runbook}"

  namespace   = each.value.namespace
  metric_name = each.value.metric
  dimensions  = each.value.dimensions
  statistic   = each.value.statistic
  unit        = each.value.unit

  comparison_operator = each.value.below ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = each.value.seconds
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = coalesce(each.value.of_them, each.value.periods)
  treat_missing_data  = each.value.missing

  alarm_actions = [var.topic_arn]
  ok_actions    = [var.topic_arn]
}
