package authtoken

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	dsql "github.com/aws/aws-sdk-go-v2/feature/dsql/auth"
	rds "github.com/aws/aws-sdk-go-v2/feature/rds/auth"

	"github.com/onafed/onafed/internal/quote"
)

// databaseLife is how long RDS, Aurora DSQL, ElastiCache and MemoryDB accept a token.
const databaseLife = 15 * time.Minute

// RDS returns a source of passwords for a user of a database in RDS or Aurora, or of an RDS Proxy,
// with IAM database authentication. endpoint is the host of the database and its port, such as
// "db.abc.eu-central-1.rds.amazonaws.com:5432". The signature contains the host, so it must be the
// one that AWS gave to the database and not another name for it. The region of cfg is that of the
// database; it may be empty if the host names it. Tokens are valid for 15 minutes.
//
// The connection needs TLS. PostgreSQL and MySQL get the password in clear text inside of it; a
// MySQL client must allow that.
//
// Source: "IAM database authentication for MariaDB, MySQL, and PostgreSQL" (Amazon RDS User Guide).
// The error is an [*OptionError].
func RDS(cfg aws.Config, endpoint, user string) (*Source, error) {
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return nil, optionError("RDS", "endpoint", "%s: want a host and a port, such as \"db.example.com:5432\"", quote.Text(endpoint, 100))
	}
	if err := checkHost(host); err != nil {
		return nil, optionError("RDS", "endpoint", "%w", err)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return nil, optionError("RDS", "endpoint", "the port %s is not a number from 1 to 65535", quote.Text(port, 20))
	}
	if err := checkUser(user); err != nil {
		return nil, optionError("RDS", "user", "%w", err)
	}
	if cfg.Region, err = region(cfg, host, ".rds."); err != nil {
		return nil, optionError("RDS", "cfg", "%w", err)
	}
	return newSource("RDS", cfg, databaseLife, func(ctx context.Context, c aws.Credentials) (string, error) {
		return rds.BuildAuthToken(ctx, endpoint, cfg.Region, user, static(c))
	})
}

// DSQL returns a source of passwords for a user of an Aurora DSQL cluster. endpoint is the host of
// the cluster, such as "abc.dsql.eu-central-1.on.aws", without a port. The token is one for
// administrators if user is "admin", and otherwise for the other database roles. The region of cfg
// is that of the cluster; it may be empty if the host names it. Tokens are valid for 15 minutes.
//
// Source: "Generating an authentication token in Amazon Aurora DSQL" (Amazon Aurora DSQL User
// Guide). The error is an [*OptionError].
func DSQL(cfg aws.Config, endpoint, user string) (*Source, error) {
	if err := checkHost(endpoint); err != nil {
		return nil, optionError("DSQL", "endpoint", "%w", err)
	}
	if err := checkUser(user); err != nil {
		return nil, optionError("DSQL", "user", "%w", err)
	}
	var err error
	if cfg.Region, err = region(cfg, endpoint, ".on."); err != nil {
		return nil, optionError("DSQL", "cfg", "%w", err)
	}
	generate := dsql.GenerateDbConnectAuthToken
	if user == "admin" {
		generate = dsql.GenerateDBConnectAdminAuthToken
	}
	return newSource("DSQL", cfg, databaseLife, func(ctx context.Context, c aws.Credentials) (string, error) {
		return generate(ctx, endpoint, cfg.Region, static(c))
	})
}

// checkHost refuses text that is not a host name or an IP address. Other text could add parameters
// to the signed request.
func checkHost(s string) error {
	if _, err := netip.ParseAddr(s); err == nil {
		return nil
	}
	switch {
	case s == "":
		return errors.New("has no host")
	case len(s) > 253:
		return errors.New("the host has more than 253 bytes")
	case !isName(s, "-._", 253):
		return errors.New(quote.Text(s, 100) + " is not a host name")
	}
	return nil
}

// checkUser refuses the names that no service allows.
func checkUser(s string) error {
	switch {
	case s == "":
		return errors.New("is empty")
	case len(s) > 128:
		return errors.New("has more than 128 bytes")
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }):
		return errors.New(quote.Text(s, 130) + " contains a control character or is not UTF-8")
	}
	return nil
}

// region returns the region of cfg or, if that is empty, the one in the name that AWS gave to a host.
// It refuses two regions that differ, because a service in another region refuses the token without
// a reason.
func region(cfg aws.Config, host, service string) (string, error) {
	named := regionOf(host, service)
	switch {
	case cfg.Region == "":
		return named, nil
	case named != "" && named != strings.ToLower(cfg.Region):
		return "", errors.New("the region is " + quote.Text(cfg.Region, 40) + ", and the host is in " + quote.Text(named, 40))
	}
	return cfg.Region, nil
}

// regionOf returns the region in a host such as NAME.REGION.rds.amazonaws.com, in China also
// NAME.rds.REGION.amazonaws.com.cn, or NAME.REGION.on.aws. For other hosts it returns "".
func regionOf(host, service string) string {
	name, domain, _ := strings.Cut(strings.ToLower(host), service)
	if domain == "aws" || strings.HasPrefix(domain, "amazonaws.") {
		return name[strings.LastIndexByte(name, '.')+1:]
	}
	region, domain, _ := strings.Cut(domain, ".")
	if domain == "amazonaws.com.cn" {
		return region
	}
	return ""
}
