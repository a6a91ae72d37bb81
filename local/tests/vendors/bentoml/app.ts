/** A state machine that asks service.py. */
import { HttpsModelEndpoint, IModelEndpoint } from '../../../../lib';
import { app, given } from '../app';

app('bentoml', (stack, url) => {
  const endpoint: IModelEndpoint = new HttpsModelEndpoint(stack, 'Endpoint', {
    url, path: '/classify', request: { rows: '{% $instances %}' }, predictions: '{% $states.result.ResponseBody.classes %}',
  });
  return { Infer: endpoint.infer(stack, 'Infer', { instances: given('rows') }) };
});
