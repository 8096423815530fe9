package jose

import "math/big"

// hasROCAFingerprint reports whether an RSA modulus has the form of the keys that a library of
// Infineon generated until 2017 (CVE-2017-15361). Such keys of up to 2,048 bits can be factored.
// Their primes are k*M + (65537^a mod M), where M is a product of small primes, so the modulus is a
// power of 65537 modulo each prime factor of M. The list omits primes modulo which every residue
// except 0 is a power of 65537. Another modulus has the form with probability 2^-27.8.
//
// Source: Nemec, Sys, Svenda, Klinec, Matyas: The Return of Coppersmith's Attack, CCS 2017, section
// 2.3.
func hasROCAFingerprint(n *big.Int) bool {
	var remainder, divisor big.Int
	for _, p := range [...]int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157} {
		divisor.SetInt64(p)
		if !isPowerOf65537(remainder.Mod(n, &divisor).Int64(), p) {
			return false
		}
	}
	return true
}

// isPowerOf65537 reports whether r is a power of 65537 modulo p, a prime other than 65537.
func isPowerOf65537(r, p int64) bool {
	power := int64(1)
	for power != r {
		power = power * 65537 % p
		if power == 1 {
			return false
		}
	}
	return true
}
