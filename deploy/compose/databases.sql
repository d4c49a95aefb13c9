-- A database for each service, on the first start of the server. Texts are ordered by their bytes.
CREATE DATABASE polku_referral ENCODING 'UTF8' LC_COLLATE 'C' TEMPLATE template0;
CREATE DATABASE polku_assessment ENCODING 'UTF8' LC_COLLATE 'C' TEMPLATE template0;
CREATE DATABASE polku_coordinator_network ENCODING 'UTF8' LC_COLLATE 'C' TEMPLATE template0;
CREATE DATABASE polku_follow_up ENCODING 'UTF8' LC_COLLATE 'C' TEMPLATE template0;
