<?php
$name = trim(file_get_contents('php://stdin')) ?: 'world';
printf("Hello, %s! You asked for %s.\n", $name, getenv('Http_Path'));
