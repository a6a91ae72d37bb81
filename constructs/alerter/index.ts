export * from './alerter';
export * from './sns-alerter';
