// node validate.js: reads a JSON array of Kubernetes objects and checks each against its schema.
const kinds = {
  'apps/v1 Deployment': require('kubernetes-models/apps/v1').Deployment,
  'v1 Service': require('kubernetes-models/v1').Service,
  'autoscaling/v2 HorizontalPodAutoscaler': require('kubernetes-models/autoscaling/v2').HorizontalPodAutoscaler,
  'serving.knative.dev/v1 Service': require('@kubernetes-models/knative/serving.knative.dev/v1').Service,
};

for (const object of JSON.parse(require('node:fs').readFileSync(0))) {
  const Kind = kinds[`${object.apiVersion} ${object.kind}`];
  if (!Kind) throw new Error(`no schema of ${object.apiVersion} ${object.kind}`);
  new Kind(object).validate();
  console.log(`${object.kind} ${object.metadata.name} is valid`);
}
