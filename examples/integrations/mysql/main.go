// Command mysql runs a query in a MySQL or MariaDB database of RDS or Aurora, with connections that
// log in with tokens.
//
//	go run ./mysql --role-arn arn:aws:iam::123456789012:role/app --region eu-central-1 \
//	    --endpoint db.abc.eu-central-1.rds.amazonaws.com:3306 --user app --ca global-bundle.pem
//
// The database user must be identified with AWSAuthenticationPlugin, and the AWS role must have the
// permission rds-db:connect.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/go-sql-driver/mysql"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/idp"
)

func main() {
	role := flag.String("role-arn", "", "the `role` to assume")
	region := flag.String("region", "us-east-1", "the AWS `region` of the database")
	endpoint := flag.String("endpoint", "", "the `host:port` of the database")
	user := flag.String("user", "", "the database `user`")
	ca := flag.String("ca", "global-bundle.pem", "the `file` with the certificates of RDS")
	flag.Parse()
	if err := start(context.Background(), *role, *region, *endpoint, *user, *ca); err != nil {
		fmt.Fprintln(os.Stderr, "mysql:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, role, region, endpoint, user, ca string) error {
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
	pem, err := os.ReadFile(ca)
	if err != nil {
		return err
	}
	db, err := openDB(cfg, endpoint, user, pem)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	var name string
	if err := db.QueryRowContext(ctx, "select current_user()").Scan(&name); err != nil {
		return err
	}
	fmt.Println(name)
	return nil
}

// openDB returns a database whose connections log in with the current token. The certificates in
// PEM are those that RDS publishes.
func openDB(cfg aws.Config, endpoint, user string, pem []byte) (*sql.DB, error) {
	tokens, err := authtoken.RDS(cfg, endpoint, user)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("the file with the certificates of RDS contains none")
	}
	c := mysql.NewConfig()
	c.User, c.Net, c.Addr = user, "tcp", endpoint
	c.TLS = &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12}
	c.AllowCleartextPasswords = true // the server receives the token in clear text, inside of TLS
	err = c.Apply(mysql.BeforeConnect(func(ctx context.Context, c *mysql.Config) error {
		t, err := tokens.Token(ctx)
		if err != nil {
			return err
		}
		c.Passwd = t.Raw()
		return nil
	}))
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}
