import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';

/** A key that encrypts what a component stores: rotated every year, retained unless `props` say otherwise. */
export class EncryptionKey extends kms.Key {
  constructor(scope: Construct, id: string, props: kms.KeyProps = {}) {
    super(scope, id, { enableKeyRotation: true, ...props });
    acknowledge(this, ['CT.KMS.PR.3'], 'who may make grants is said in IAM, where the library lets SageMaker alone do so, for volumes');
  }
}
