export * from './alerter';
export * from './sns-alerter';
export * from './slack-alerter';
export * from './pagerduty-alerter';
export * from './datadog-alerter';
export * from './webhook-alerter';
