<?php
namespace Example;

class Greeting
{
    public static function from(string $what): string
    {
        return "Hello from $what";
    }
}
