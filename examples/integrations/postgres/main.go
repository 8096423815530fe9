// Command postgres runs a query in a PostgreSQL database of RDS or Aurora, with a pool of
// connections that log in with tokens.
//
//	go run ./postgres --role-arn arn:aws:iam::123456789012:role/app --region eu-central-1 \
//	    --url 'postgres://app@db.abc.eu-central-1.rds.amazonaws.com:5432/orders?sslmode=verify-full&sslrootcert=global-bundle.pem'
//
// The database user must have the role rds_iam, and the AWS role the permission rds-db:connect.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/idp"
)

func main() {
	role := flag.String("role-arn", "", "the `role` to assume")
	region := flag.String("region", "us-east-1", "the AWS `region` of the database")
	url := flag.String("url", "", "the `URL` of the database, with the user and without a password")
	flag.Parse()
	if err := start(context.Background(), *role, *region, *url); err != nil {
		fmt.Fprintln(os.Stderr, "postgres:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, role, region, url string) error {
	src, err := idp.FromEnvironment(idp.AudienceAWS, nil)
	if err != nil {
		return err
	}
	cfg, err := awsfed.LoadConfig(ctx, role, src, func(o *awsfed.LoadOptions) {
		o.Config.Region = region
	})
	if err != nil {
		return err
	}
	pool, err := newPool(ctx, cfg, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	var user string
	if err := pool.QueryRow(ctx, "select current_user").Scan(&user); err != nil {
		return err
	}
	fmt.Println(user)
	return nil
}

// newPool returns a pool of connections. Each new connection logs in with the current token.
func newPool(ctx context.Context, cfg aws.Config, url string) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	db := c.ConnConfig
	tokens, err := authtoken.RDS(cfg, net.JoinHostPort(db.Host, strconv.Itoa(int(db.Port))), db.User)
	if err != nil {
		return nil, err
	}
	c.BeforeConnect = func(ctx context.Context, c *pgx.ConnConfig) error {
		t, err := tokens.Token(ctx)
		if err != nil {
			return err
		}
		c.Password = t.Raw()
		return nil
	}
	return pgxpool.NewWithConfig(ctx, c)
}
