package main

import (
	"context"
	"database/sql"
	"net"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/onafed/onafed/awsfed/authtoken"
)

// openDB is newPool for database/sql.
func openDB(cfg aws.Config, url string) (*sql.DB, error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	tokens, err := authtoken.RDS(cfg, net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))), c.User)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(stdlib.GetConnector(*c, stdlib.OptionBeforeConnect(func(ctx context.Context, c *pgx.ConnConfig) error {
		t, err := tokens.Token(ctx)
		if err != nil {
			return err
		}
		c.Password = t.Raw()
		return nil
	}))), nil
}
