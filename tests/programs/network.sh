#!/bin/sh
# A foreign program: a tagged network and a secret through the AWS CLI (in $AWS), and all of it removed.
set -eu
name="${PROGRAM_NAME:-shop}"
aws() { "$AWS" --output text "$@"; }
tags() { echo "ResourceType=$1,Tags=[{Key=Owner,Value=$name}]"; }

aws ec2 describe-availability-zones --query 'AvailabilityZones[0].ZoneName'
vpc=$(aws ec2 create-vpc --cidr-block 10.0.0.0/16 --tag-specifications "$(tags vpc)" --query Vpc.VpcId)
gateway=$(aws ec2 create-internet-gateway --tag-specifications "$(tags internet-gateway)" \
  --query InternetGateway.InternetGatewayId)
aws ec2 attach-internet-gateway --vpc-id "$vpc" --internet-gateway-id "$gateway"
subnet=$(aws ec2 create-subnet --vpc-id "$vpc" --cidr-block 10.0.1.0/24 --tag-specifications "$(tags subnet)" \
  --query Subnet.SubnetId)
table=$(aws ec2 create-route-table --vpc-id "$vpc" --tag-specifications "$(tags route-table)" \
  --query RouteTable.RouteTableId)
aws ec2 create-route --route-table-id "$table" --destination-cidr-block 0.0.0.0/0 --gateway-id "$gateway"
association=$(aws ec2 associate-route-table --route-table-id "$table" --subnet-id "$subnet" --query AssociationId)
aws ssm put-parameter --name "/$name/subnet" --type String --value "$subnet" --tags "Key=Owner,Value=$name"
aws ssm get-parameter --name "/$name/subnet" --query Parameter.Value
aws secretsmanager create-secret --name "$name-password" --secret-string once --tags "Key=Owner,Value=$name" \
  --query Name
aws secretsmanager get-secret-value --secret-id "$name-password" --query Name

aws secretsmanager delete-secret --secret-id "$name-password" --force-delete-without-recovery --query Name
aws ssm delete-parameter --name "/$name/subnet"
aws ec2 disassociate-route-table --association-id "$association"
aws ec2 delete-route-table --route-table-id "$table"
aws ec2 detach-internet-gateway --vpc-id "$vpc" --internet-gateway-id "$gateway"
aws ec2 delete-internet-gateway --internet-gateway-id "$gateway"
aws ec2 delete-subnet --subnet-id "$subnet"
aws ec2 delete-vpc --vpc-id "$vpc"
