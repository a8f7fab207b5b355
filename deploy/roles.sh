#!/bin/sh
# Run once by the image of PostgreSQL, as its superuser, when its volume is empty: the owner migrates, the app serves.
set -eu
psql -v ON_ERROR_STOP=1 -v owner="$OWNER_PASSWORD" -v app="$APP_PASSWORD" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE gatehouse_owner LOGIN PASSWORD :'owner';
CREATE ROLE gatehouse_app LOGIN PASSWORD :'app';
CREATE DATABASE gatehouse OWNER gatehouse_owner;
SQL
