// A foreign program: a tagged network, a table, a bucket and a role through the AWS SDK for JavaScript v3, all removed.
// Its packages are those of the enforcement tests (`make js`).

import { createRequire } from "node:module";

const require = createRequire(new URL("../enforcement/js/", import.meta.url));
const name = process.env.PROGRAM_NAME ?? "shop";
const region = process.env.AWS_REGION;
const owner = [{ Key: "Owner", Value: name }];
const tagged = (type) => [{ ResourceType: type, Tags: owner }];

function service(module, client, more = {}) {
  const sdk = require(`@aws-sdk/client-${module}`);
  const made = new sdk[client](more);
  return (operation, params = {}) => made.send(new sdk[`${operation}Command`](params));
}

const ec2 = service("ec2", "EC2Client");
const iam = service("iam", "IAMClient");
const dynamodb = service("dynamodb", "DynamoDBClient");
const s3 = service("s3", "S3Client", { forcePathStyle: true });
const sts = service("sts", "STSClient");

console.log("I am", (await sts("GetCallerIdentity")).Arn);
const { Vpc } = await ec2("CreateVpc", { CidrBlock: "10.0.0.0/16", TagSpecifications: tagged("vpc") });
const { Subnet } = await ec2("CreateSubnet", {
  VpcId: Vpc.VpcId, CidrBlock: "10.0.1.0/24", TagSpecifications: tagged("subnet"),
});
const { GroupId } = await ec2("CreateSecurityGroup", {
  VpcId: Vpc.VpcId, GroupName: `${name}-web`, Description: "web", TagSpecifications: tagged("security-group"),
});
await ec2("AuthorizeSecurityGroupEgress", {
  GroupId, IpPermissions: [{ IpProtocol: "udp", FromPort: 53, ToPort: 53, IpRanges: [{ CidrIp: "10.0.0.2/32" }] }],
});
const trust = { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" };
await iam("CreateRole", {
  RoleName: `${name}-run`, Tags: owner,
  AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [trust] }),
});
await dynamodb("CreateTable", {
  TableName: `${name}-carts`, BillingMode: "PAY_PER_REQUEST", Tags: owner,
  AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
});
await dynamodb("PutItem", { TableName: `${name}-carts`, Item: { id: { S: "1" } } });
const place = region === "us-east-1" ? {} : { CreateBucketConfiguration: { LocationConstraint: region } };
await s3("CreateBucket", { Bucket: `${name}-files`, ...place });
await s3("PutObject", { Bucket: `${name}-files`, Key: "invoices/1", Body: "x" });

await s3("DeleteObject", { Bucket: `${name}-files`, Key: "invoices/1" });
await s3("DeleteBucket", { Bucket: `${name}-files` });
await dynamodb("DeleteTable", { TableName: `${name}-carts` });
await iam("DeleteRole", { RoleName: `${name}-run` });
await ec2("DeleteSecurityGroup", { GroupId });
await ec2("DeleteSubnet", { SubnetId: Subnet.SubnetId });
await ec2("DeleteVpc", { VpcId: Vpc.VpcId });
