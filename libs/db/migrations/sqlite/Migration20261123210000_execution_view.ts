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
      strftime('%Y-%m-%dT%H:%M:%fZ', scheduled_for / 1000.0, 'unixepoch') as scheduledFor, strftime('%Y-%m-%dT%H:%M:%fZ', deliver_by / 1000.0, 'unixepoch') as deliverBy,
      repeat_interval_minutes as repeatIntervalMinutes, strftime('%Y-%m-%dT%H:%M:%fZ', last_executed_at / 1000.0, 'unixepoch') as lastExecutedAt,
      execution_count as executionCount, max_executions as maxExecutions, timeout_seconds as timeoutSeconds, run_as as runAs, attempt,
      strftime('%Y-%m-%dT%H:%M:%fZ', delivery_started_at / 1000.0, 'unixepoch') as deliveryStartedAt, strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1000.0, 'unixepoch') as startedAt,
      strftime('%Y-%m-%dT%H:%M:%fZ', completed_at / 1000.0, 'unixepoch') as completedAt,
      cast(exit_code as integer) as exitCode, signal, stdout, stderr, stdout_bytes as stdoutBytes, stderr_bytes as stderrBytes, truncated, error,
      triggered_by as triggeredBy, strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') as createdAt, strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1000.0, 'unixepoch') as updatedAt
      from script_execution`);
  }

  override down(): void {
    this.addSql('drop view ScriptExecution');
  }
}
