<?php
require 'function/Handler.php';
echo (new App\Handler())->handle(file_get_contents('php://stdin'));
