/** The platform with its experiment tracker and its model endpoint at vendors. */
import { App } from 'aws-cdk-lib';
import { VendorPlatform } from './platform';

const app = new App();
new VendorPlatform(app, 'bring-your-own-vendor');
app.synth();
