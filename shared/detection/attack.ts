/** The MITRE ATT&CK techniques that rules refer to (attack.mitre.org, Enterprise, Containers matrix). */
export const TECHNIQUES = {
  T1528: { name: 'Steal Application Access Token', tactic: 'Credential Access' },
  'T1552.001': { name: 'Unsecured Credentials: Credentials In Files', tactic: 'Credential Access' },
  'T1552.007': { name: 'Unsecured Credentials: Container API', tactic: 'Credential Access' },
  'T1550.001': { name: 'Use Alternate Authentication Material: Application Access Token', tactic: 'Lateral Movement' },
  'T1078.004': { name: 'Valid Accounts: Cloud Accounts', tactic: 'Persistence' },
  T1613: { name: 'Container and Resource Discovery', tactic: 'Discovery' },
  T1609: { name: 'Container Administration Command', tactic: 'Execution' },
  T1098: { name: 'Account Manipulation', tactic: 'Persistence' },
  T1611: { name: 'Escape to Host', tactic: 'Privilege Escalation' },
  T1036: { name: 'Masquerading', tactic: 'Defense Evasion' },
} as const;

export type Technique = keyof typeof TECHNIQUES;

/** The tactics that techniques are told with, by name. */
export const TACTICS: Readonly<Record<string, string>> = {
  Execution: 'TA0002',
  Persistence: 'TA0003',
  'Privilege Escalation': 'TA0004',
  'Defense Evasion': 'TA0005',
  'Credential Access': 'TA0006',
  Discovery: 'TA0007',
  'Lateral Movement': 'TA0008',
} satisfies Record<(typeof TECHNIQUES)[Technique]['tactic'], string>;
