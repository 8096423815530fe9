// Command redis pings a cache in ElastiCache, with connections that log in with tokens.
//
//	go run ./redis --role-arn arn:aws:iam::123456789012:role/app --region eu-central-1 \
//	    --addr master.sessions.abc.euc1.cache.amazonaws.com:6379 --group sessions --user app
//
// The cache user must have IAM authentication, and the AWS role the permission elasticache:Connect.
// For a serverless cache and for MemoryDB, replace authtoken.ElastiCache.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/idp"
)

// maxLifetime is how long a connection is used. ElastiCache ends it 12 hours after its login.
const maxLifetime = 11 * time.Hour

func main() {
	role := flag.String("role-arn", "", "the `role` to assume")
	region := flag.String("region", "us-east-1", "the AWS `region` of the cache")
	addr := flag.String("addr", "", "the `host:port` of the cache")
	group := flag.String("group", "", "the `ID` of the replication group")
	user := flag.String("user", "", "the `user` of the cache")
	flag.Parse()
	if err := start(context.Background(), *role, *region, *addr, *group, *user); err != nil {
		fmt.Fprintln(os.Stderr, "redis:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, role, region, addr, group, user string) error {
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
	tokens, err := authtoken.ElastiCache(cfg, group, user)
	if err != nil {
		return err
	}
	client := newClient(tokens, addr, user, &tls.Config{MinVersion: tls.VersionTLS12})
	defer func() { _ = client.Close() }()
	return client.Ping(ctx).Err()
}

// newClient returns a client whose connections log in with the current token.
func newClient(tokens *authtoken.Source, addr, user string, conf *tls.Config) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr:            addr,
		TLSConfig:       conf,
		ConnMaxLifetime: maxLifetime,
		CredentialsProviderContext: func(ctx context.Context) (username, password string, err error) {
			t, err := tokens.Token(ctx)
			return user, t.Raw(), err
		},
	})
}
