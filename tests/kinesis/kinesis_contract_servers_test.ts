import { startKinesalite } from "../support/kinesalite.ts";
import { startKinesisLocal } from "../support/kinesis_local.ts";
import { testContract } from "./kinesis_contract.ts";

testContract("kinesalite", () => startKinesalite());
testContract("kinesis-local", () => startKinesisLocal());
