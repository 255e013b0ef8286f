import { Migration } from '@mikro-orm/migrations';

/**
 * The view that operators' own SQL reads. Its names are unquoted, so that `SELECT scriptId FROM ScriptExecution` works as written
 * whatever a database does with the case of names.
 */
export class Migration20261123210000_execution_view extends Migration {
  override name = 'Migration20261123210000_execution_view';

  override up(): void {
    this.addSql(`create view ScriptExecution as select
      id, script_id as scriptId, script_version as scriptVersion, machine_id as machineId, execution_type as executionType,
      status, failure_reason as failureReason, series_id as seriesId, slot,
      scheduled_for as scheduledFor, deliver_by as deliverBy,
      repeat_interval_minutes as repeatIntervalMinutes, last_executed_at as lastExecutedAt,
      execution_count as executionCount, max_executions as maxExecutions, timeout_seconds as timeoutSeconds, run_as as runAs, attempt,
      delivery_started_at as deliveryStartedAt, started_at as startedAt,
      completed_at as completedAt,
      exit_code::bigint as exitCode, signal, stdout, stderr, stdout_bytes as stdoutBytes, stderr_bytes as stderrBytes, truncated, error,
      triggered_by as triggeredBy, created_at as createdAt, updated_at as updatedAt
      from script_execution`);
  }

  override down(): void {
    this.addSql('drop view ScriptExecution');
  }
}
