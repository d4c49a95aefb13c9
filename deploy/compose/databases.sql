-- A database for each service, on the first start of the server.
CREATE DATABASE polku_referral;
CREATE DATABASE polku_assessment;
CREATE DATABASE polku_coordinator_network;
CREATE DATABASE polku_follow_up;
