#!/usr/bin/perl
# Counts the words of what is posted; a cookie remembers the best so far.
use strict;
use warnings;

my $text = '';
read(STDIN, $text, $ENV{CONTENT_LENGTH}) if $ENV{CONTENT_LENGTH};
my $words = () = $text =~ /\w+/g;
my ($best) = ($ENV{HTTP_COOKIE} // '') =~ /\bbest=(\d+)/;
$best = $words if !defined $best || $words > $best;

if ($ENV{REQUEST_METHOD} ne 'POST') {
    print "Status: 405 Method Not Allowed\nAllow: POST\nContent-Type: text/plain\n\nPost some text.\n";
    exit;
}
print "Content-Type: text/plain\nSet-Cookie: best=$best; Path=/\n\n$words words, the best are $best.\n";
