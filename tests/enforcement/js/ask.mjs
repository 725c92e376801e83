// Asks an endpoint through the AWS SDK for JavaScript v3. Reads one JSON object a line, writes one a line.
// {service, operation, params, endpoint, region, key, secret, token?} -> {code, status, message}

import { createInterface } from "node:readline";

const CLIENTS = { dynamodb: "DynamoDB", ec2: "EC2", iam: "IAM", s3: "S3", ssm: "SSM", sts: "STS" };

async function ask({ service, operation, params, endpoint, region, key, secret, token }) {
  const sdk = await import(`@aws-sdk/client-${service}`);
  const credentials = { accessKeyId: key, secretAccessKey: secret, ...(token ? { sessionToken: token } : {}) };
  const client = new sdk[`${CLIENTS[service]}Client`]({ endpoint, region, credentials, maxAttempts: 1, forcePathStyle: true });
  try {
    const reply = await client.send(new sdk[`${operation}Command`](params));
    return { code: "", status: reply.$metadata.httpStatusCode, message: "" };
  } catch (error) {
    if (!error.$metadata) throw error;
    return { code: error.Code ?? error.name, status: error.$metadata.httpStatusCode ?? 0, message: error.message };
  } finally {
    client.destroy();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await ask(JSON.parse(line)))}\n`);
}
