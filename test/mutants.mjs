/**
 * Deliberate breakages of what the product promises, each with the test that has to turn red: `npm run
 * test:mutants`. A mutant that lives shows a promise that no test keeps.
 */
const jest = (project, file) => ['jest', project, file];
const cargo = (file) => ['cargo', file];

export const MUTANTS = [
  {
    name: 'no ack',
    file: 'apps/gateway/session/guest-session.ts',
    find: 'if (isOurs && message.attempt !== undefined) {',
    put: 'if (isOurs && message.attempt !== undefined && message.attempt < 0) {',
    tests: jest('integration', 'apps/gateway/session/delivery.int-spec.ts'),
    red: 'start, output and end, and acks after the commit',
  },
  {
    name: 'no hello deadline',
    file: 'apps/gateway/channel/hello-deadline.ts',
    find: 'if (!this.atWork) return void this.socket.destroy();',
    put: '',
    tests: jest('integration', 'apps/gateway/session/delivery.int-spec.ts'),
    red: 'comes again when a guest that spoke before says no hello',
  },
  {
    name: 'head-only output, host',
    file: 'apps/gateway/core/output.ts',
    find: 'if (rest.length > 0) this.tail =',
    put: 'if (rest.length < 0) this.tail =',
    tests: jest('unit', 'apps/gateway/core/output.spec.ts'),
    red: 'say how much was cut between them',
  },
  {
    name: 'head-only output, agent',
    file: 'infiniservice/src/run/capture.rs',
    find: 'self.tail.extend_from_slice(piece);',
    put: '',
    tests: cargo('survive'),
    red: 'a_hundred_megabytes_are_counted_and_hashed_in_little_memory',
  },
  {
    name: 'no fencing of claims',
    file: 'libs/db/queries/claims.ts',
    find: 'm.lease_owner = ? and m.lease_expires_at > ${now})\n         -- A machine',
    put: '(m.lease_owner = ? or true))\n         -- A machine',
    tests: jest('integration', 'libs/db/queries/claims.int-spec.ts'),
    red: 'gives nothing to an owner that does not hold the lease, or holds one that has ended',
  },
  {
    name: 'first-boot scripts in the midst of the installation',
    file: 'libs/db/queries/claims.ts',
    find: "coalesce(m.setup, 'done') <> 'running'",
    put: "coalesce(m.setup, 'done') <> 'never'",
    tests: jest('integration', 'libs/db/queries/claims.int-spec.ts'),
    red: 'lets first-boot rows wait while the installation goes on, and tells of none of them',
  },
  {
    name: 'deaf between two hellos, agent',
    file: 'infiniservice/src/session/hear.rs',
    find: '_ if !self.heeded => {}',
    put: '_ if !self.acked => {}',
    tests: cargo('channel'),
    red: 'the_end_of_the_installation_is_said_at_once_and_nothing_is_lost_meanwhile',
  },
  {
    name: 'no fencing of verdicts',
    file: 'libs/db/queries/verdicts.ts',
    find: 'if (verdict.epoch !== undefined && row.epoch !== verdict.epoch) return null;',
    put: '',
    tests: jest('integration', 'libs/db/queries/verdicts.int-spec.ts'),
    red: 'lets a verdict of an older epoch change nothing',
  },
  {
    name: 'the process group instead of the tree',
    file: 'infiniservice/src/os/linux/process_tree.rs',
    find: 'for _ in 0..SWEEPS {\n            if let Self::Cgroup',
    put: 'if let Some(first) = self.processes().first() {\n            let _ = system::kill(-first, libc::SIGKILL);\n            return 0;\n        }\n        for _ in 0..SWEEPS {\n            if let Self::Cgroup',
    tests: cargo('tree'),
    red: 'by_the_subreaper',
  },
  {
    name: 'end + interval',
    file: 'libs/db/schedule/series-rule.ts',
    find: 'return new Date(Date.parse(rule.first) + slot * rule.repeatIntervalMinutes * MINUTE);',
    put: 'return new Date(Date.parse(rule.first) + slot * (rule.repeatIntervalMinutes * MINUTE + 150));',
    tests: jest('unit', 'libs/db/schedule/series-rule.spec.ts'),
    red: 'does not drift over ten years',
  },
  {
    name: 'a script that is in the spool starts again',
    file: 'infiniservice/src/session/hear.rs',
    find: 'Some(run) => run.say_again(),',
    put: 'Some(run) => { let _ = std::fs::remove_dir_all(&run.entry.folder); self.runs.remove(&key); let again = self.spool.accept(&script); if let Ok((entry, true)) = again { let _ = run::spawn(&entry); self.runs.insert(key, Run::new(entry)); } }',
    tests: cargo('survive'),
    red: 'a_run_outlives_its_agent_and_is_found_again',
  },
  {
    name: 'one bad result takes its group with it',
    file: 'libs/db/group-commit.ts',
    find: '} catch {\n      return false;',
    put: '} catch (error) {\n      for (const member of group) member.reject(error);\n      return true;',
    tests: jest('integration', 'libs/db/group-commit.int-spec.ts'),
    red: 'take no harm from number 17, which fails',
  },
  {
    name: 'no recovery of a claim without a delivery',
    file: 'apps/gateway/session/hello.ts',
    find: 'if (row.deliveryStartedAt === null) await returnToPending(work, row);',
    put: 'void row;',
    tests: jest('integration', 'apps/gateway/session/delivery.int-spec.ts'),
    red: 'hands out again what a database that failed between claim and delivery has left',
  },
];
